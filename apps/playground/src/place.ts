/** The two who call each other. */
export type Name = 'alice' | 'bob'

export const names: readonly Name[] = ['alice', 'bob']

/** What carries the signaling. */
export type Via = 'tabs' | 'relay' | 'broker'

export const vias: readonly Via[] = ['tabs', 'relay', 'broker']

/** What the address of the page says. */
export interface Place {
  readonly room: string
  readonly via: Via
  /** Who lives in this tab; both when `undefined`. */
  readonly as: Name | undefined
}

/** Who somebody calls here. */
export const otherOf = (name: Name): Name => (name === 'alice' ? 'bob' : 'alice')

/** Reads `?as=alice&via=relay&room=…`. Without a room, the page gets one of its own: two such pages do not disturb each other. */
export const readPlace = (search: string): Place => {
  const query = new URLSearchParams(search)
  return {
    room: query.get('room') || randomRoom(),
    via: vias.find((via) => via === query.get('via')) ?? 'tabs',
    as: names.find((name) => name === query.get('as')),
  }
}

/** The query of a place, as a link takes it. */
export const linkTo = ({ room, via, as }: Place): string =>
  `?${new URLSearchParams({ ...(as === undefined ? {} : { as }), ...(via === 'tabs' ? {} : { via }), room }).toString()}`

const randomRoom = (): string => {
  const letters = crypto.getRandomValues(new Uint8Array(6))
  return Array.from(letters, (value) => 'abcdefghjkmnpqrstuvwxyz23456789'[value % 31]).join('')
}
