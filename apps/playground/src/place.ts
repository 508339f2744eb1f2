/** The two who call each other. */
export type Name = 'alice' | 'bob'

export const names: readonly Name[] = ['alice', 'bob']

/** What the address of the page says. */
export interface Place {
  readonly room: string
  /** Who lives in this tab; both when `undefined`. */
  readonly as: Name | undefined
}

/** Who somebody calls here. */
export const otherOf = (name: Name): Name => (name === 'alice' ? 'bob' : 'alice')

/** Reads `?as=alice&room=…`. Without a room, the page gets one of its own: two such pages do not disturb each other. */
export const readPlace = (search: string): Place => {
  const query = new URLSearchParams(search)
  return {
    room: query.get('room') || randomRoom(),
    as: names.find((name) => name === query.get('as')),
  }
}

/** The query of a place, as a link takes it. */
export const linkTo = ({ room, as }: Place): string =>
  `?${new URLSearchParams({ ...(as === undefined ? {} : { as }), room }).toString()}`

const randomRoom = (): string => {
  const letters = crypto.getRandomValues(new Uint8Array(6))
  return Array.from(letters, (value) => 'abcdefghjkmnpqrstuvwxyz23456789'[value % 31]).join('')
}
