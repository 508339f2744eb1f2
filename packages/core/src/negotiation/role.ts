/** Who called: the caller makes the first offer and holds the floor first. */
export type Role = 'caller' | 'callee'

/**
 * Whose act stands when both sides did the same at once (both called, both ended): that of the smaller id, compared
 * by UTF-16 code units, so both sides come to the same answer without a message.
 */
export const standsOver = (localId: string, remoteId: string): boolean => localId < remoteId
