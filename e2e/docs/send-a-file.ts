import { createPeer, type Peer, type SignalingTransport } from '@parley-rtc/core'
import { receiveFiles, sendFile } from '@parley-rtc/core/files'

/** One side: Bob takes the files of whoever calls him. */
export const startBob = (transport: SignalingTransport, keep: (name: string, file: Blob) => void): Peer => {
  const bob = createPeer({ id: 'bob', room: 'lobby', transport })
  bob.on('call', (session) => {
    // Before accept(), so that no file comes while nobody listens.
    receiveFiles(session, async (incoming) => {
      if (incoming.size > 2 ** 30) return incoming.reject('It is longer than 1 GiB.')
      keep(incoming.name, await incoming.accept())
    })
    session.accept()
  })
  bob.on('warning', ({ message }) => console.warn(message)) // such as a file that did not arrive
  return bob
}

/** The other side: Alice calls Bob, sends him one file, and leaves when he has it. */
export const sendToBob = async (transport: SignalingTransport, file: File): Promise<void> => {
  const alice = createPeer({ id: 'alice', room: 'lobby', transport })
  try {
    await sendFile(alice.call('bob'), file, {
      onProgress: ({ bytes, size }) => console.log(`${bytes} of ${size} bytes`),
    })
  } finally {
    await alice.close()
  }
}
