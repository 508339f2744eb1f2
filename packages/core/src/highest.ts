import { keepNewest } from './keep-newest.ts'

/** The highest number that was heard of each of many; of the newest of them. */
export const createHighest = () => {
  const numbers = new Map<string, number>()
  const of = (key: string): number => numbers.get(key) ?? 0
  return {
    of,
    /** Takes note of a number. Whether none was as high before. */
    raise: (key: string, number: number): boolean => {
      const before = of(key)
      numbers.delete(key)
      numbers.set(key, Math.max(before, number))
      keepNewest(numbers)
      return number > before
    },
  }
}
