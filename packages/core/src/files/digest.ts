import { ParleyError } from '../errors.ts'

/** Hashes blocks one by one, in their order. */
export interface Digest {
  readonly add: (block: ArrayBuffer) => Promise<void>
  /** The digest of all blocks so far, in hexadecimal. */
  readonly text: () => string
}

/**
 * SHA-256 as a chain over the blocks of a file: each link hashes the link before it and the hash of the next block.
 * WebCrypto hashes only what is in memory as a whole; the chain needs one block at a time, and binds their order and
 * number as a hash of the whole file would. Throws `insecure-context` where a page may not use WebCrypto.
 */
export const createDigest = (): Digest => {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto }
  if (!subtle)
    throw new ParleyError('insecure-context', 'Files are checked by WebCrypto, which needs https or localhost.')
  let link = new Uint8Array(32)
  return {
    add: async (block) => {
      const both = new Uint8Array(64)
      both.set(link)
      both.set(new Uint8Array(await subtle.digest('SHA-256', block)), 32)
      link = new Uint8Array(await subtle.digest('SHA-256', both))
    },
    text: () => [...link].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
  }
}
