/** How many ended sessions, and instances, are remembered so that their late messages ring nobody. */
const maxRemembered = 1024

/** Forgets the oldest entry of a collection that grew beyond what is remembered. */
export const keepNewest = (known: Map<string, unknown> | Set<string>): void => {
  const [oldest = ''] = known.keys()
  if (known.size > maxRemembered) known.delete(oldest)
}
