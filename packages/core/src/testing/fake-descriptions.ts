import { continues, type AppliedDescription } from './fake-negotiation.ts'
import { readSdp, type ReadDescription } from './fake-sdp.ts'

/** Which side a description speaks for. */
export type Side = 'local' | 'remote'

/** The four descriptions of a connection and the signaling state that follows from them. */
export interface Descriptions {
  readonly state: () => RTCSignalingState
  readonly current: (side: Side) => AppliedDescription | undefined
  readonly pending: (side: Side) => AppliedDescription | undefined
  /** The pending one, else the current one. */
  readonly latest: (side: Side) => AppliedDescription | undefined
  /** Throws what a browser rejects with when a description of this type does not fit the state. */
  readonly checkState: (side: Side, type: RTCSdpType) => void
  readonly apply: (side: Side, description: AppliedDescription) => void
  readonly rollBack: () => void
}

/** Creates the descriptions of a new connection: none, and `stable`. */
export const createDescriptions = (): Descriptions => {
  const current: Partial<Record<Side, AppliedDescription>> = {}
  let pending: Partial<Record<Side, AppliedDescription>> = {}
  let state: RTCSignalingState = 'stable'

  return {
    state: () => state,
    current: (side) => current[side],
    pending: (side) => pending[side],
    latest: (side) => pending[side] ?? current[side],
    checkState: (side, type) => {
      const other = side === 'local' ? 'remote' : 'local'
      const allowed: readonly RTCSignalingState[] =
        type === 'offer'
          ? ['stable', `have-${side}-offer`]
          : type === 'rollback'
            ? ['have-local-offer', 'have-remote-offer']
            : [`have-${other}-offer`, `have-${side}-pranswer`]
      if (!allowed.includes(state)) {
        throw new DOMException(`A ${side} ${type} cannot be set in ${state}.`, 'InvalidStateError')
      }
    },
    apply: (side, description) => {
      const other = side === 'local' ? 'remote' : 'local'
      pending[side] = description
      if (description.type === 'offer') state = `have-${side}-offer`
      else if (description.type === 'pranswer') state = `have-${side}-pranswer`
      else {
        Object.assign(current, { [side]: description, [other]: pending[other] })
        pending = {}
        state = 'stable'
      }
    },
    rollBack: () => {
      pending = {}
      state = 'stable'
    },
  }
}

/** Reads a remote description, and throws what a browser rejects an unusable one with. */
export const readRemote = (sdp: string, type: RTCSdpType, descriptions: Descriptions): ReadDescription => {
  const read = readSdp(sdp)
  if (read === undefined) throw new DOMException('This is no session description.', 'OperationError')
  if (read.sections.length > 0) {
    for (const attribute of ['fingerprint', 'ufrag', 'pwd'] as const) {
      if (read[attribute] === undefined) throw invalid(`The description has no ${attribute}.`)
    }
  }
  if (type === 'offer') {
    const before = descriptions.current('remote')?.read.sections ?? []
    if (!continues(read.sections, before)) throw invalid('The order of the m-lines is not that of before.')
  } else {
    const offered = descriptions.pending('local')?.read.sections ?? []
    const fits = read.sections.length === offered.length && continues(read.sections, offered)
    if (!fits) throw invalid('The order of the m-lines is not that of the offer.')
  }
  return read
}

const invalid = (message: string): DOMException => new DOMException(message, 'InvalidAccessError')
