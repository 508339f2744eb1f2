export { sendFile, type SendFileOptions } from './send-file.ts'
export { receiveFiles, type IncomingFile, type ReceiveFileOptions } from './receive-files.ts'
export type { FileOffer, FileProgress } from './file-protocol.ts'
