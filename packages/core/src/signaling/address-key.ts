import type { PeerAddress } from './transport.ts'

/** For a map. Somebody may claim the instance of somebody else, but not the id with it. Ids hold no line feed. */
export const addressKey = ({ id, instance }: PeerAddress): string => `${id}\n${instance}`
