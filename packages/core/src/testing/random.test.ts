import { expect, it } from 'vitest'
import { createRandom, randomText } from './random.ts'

const take = (seed: number, count: number): number[] => {
  const random = createRandom(seed)
  return Array.from({ length: count }, random)
}

it('repeats itself for the same seed and differs for the next', () => {
  expect(take(7, 20)).toEqual(take(7, 20))
  expect(take(7, 20)).not.toEqual(take(8, 20))
})

it('spreads over [0, 1) evenly', () => {
  const numbers = take(1, 10_000)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  const tenths = numbers.reduce<number[]>((counts, number) => {
    const tenth = Math.floor(number * 10)
    counts[tenth] = (counts[tenth] ?? 0) + 1
    return counts
  }, [])
  for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
})

it('makes text of ice-chars', () => {
  expect(randomText(createRandom(3), 24)).toMatch(/^[A-Za-z0-9+/]{24}$/)
})
