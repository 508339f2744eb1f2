import type { RelayLimits } from './limits.ts'

/** Counts connections, in all and for each address, and lets no more in than the limits say. */
export interface Admission {
  /** Takes a place for an address; says why there is none. Give each place back with `release`. */
  readonly admit: (address: string, now: number) => 'ok' | 'connections' | 'address' | 'address-rate'
  readonly release: (address: string) => void
  /** Forgets the addresses that are of no more interest. */
  readonly sweep: (now: number) => void
  readonly open: () => number
}

interface Place {
  open: number
  tokens: number
  filledAt: number
}

export const createAdmission = (limits: RelayLimits): Admission => {
  const places = new Map<string, Place>()
  // Bounds the memory that addresses take which come once and never again.
  const mostPlaces = 10 * limits.connections
  let open = 0

  const fill = (place: Place, now: number): void => {
    const tokens = place.tokens + ((now - place.filledAt) / 1000) * limits.connectsPerSecond
    place.tokens = Math.min(limits.connectBurst, tokens)
    place.filledAt = now
  }

  return {
    admit: (address, now) => {
      const known = places.get(address)
      if (open >= limits.connections || (!known && places.size >= mostPlaces)) return 'connections'
      const place = known ?? { open: 0, tokens: limits.connectBurst, filledAt: now }
      fill(place, now)
      if (place.open >= limits.connectionsPerAddress) return 'address'
      if (place.tokens < 1) return 'address-rate'
      place.tokens--
      place.open++
      open++
      places.set(address, place)
      return 'ok'
    },
    release: (address) => {
      const place = places.get(address)
      if (!place) return
      place.open--
      open--
    },
    sweep: (now) => {
      for (const [address, place] of places) {
        if (place.open > 0) continue
        fill(place, now)
        if (place.tokens >= limits.connectBurst) places.delete(address)
      }
    },
    open: () => open,
  }
}
