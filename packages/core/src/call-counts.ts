import { keepNewest } from './keep-newest.ts'

/** How many calls each instance has made, as far as heard. Takes note of a number; whether none was as high before. */
export const createCallCounts = () => {
  const counts = new Map<string, number>()
  return (instance: string, count: number): boolean => {
    const known = counts.get(instance) ?? 0
    counts.delete(instance)
    counts.set(instance, Math.max(known, count))
    keepNewest(counts)
    return count > known
  }
}
