import { isInstance, isName } from './name.ts'

/** The first frame of a client. */
export interface Hello {
  readonly room: string
  readonly id: string
  readonly instance: string
  readonly token: string | undefined
  readonly resume: string | undefined
}

/** Reads the first frame; a text says what is wrong with it, in the words of the close reason. */
export const parseHello = (data: Buffer): Hello | string => {
  const value = parseJson(data)
  if (typeof value !== 'object' || value === null) return 'the first frame must be a JSON object'
  const { room, id, instance, token, resume } = value as Record<string, unknown>
  if (!isName(room)) return 'room must be 1 to 128 printable characters'
  if (!isName(id)) return 'id must be 1 to 128 printable characters'
  if (!isInstance(instance)) return 'instance must be 1 to 64 letters, digits or ._~-'
  if (!isOptionalText(token, 4096)) return 'token must be a text of at most 4096 bytes'
  if (!isOptionalText(resume, 64)) return 'resume must be a text of at most 64 bytes'
  return { room, id, instance, token, resume }
}

const isOptionalText = (value: unknown, maxBytes: number): value is string | undefined =>
  value === undefined || (typeof value === 'string' && Buffer.byteLength(value) <= maxBytes)

const parseJson = (data: Buffer): unknown => {
  try {
    return JSON.parse(data.toString())
  } catch {
    return undefined
  }
}
