import type { SideState } from './side.ts'
import { tellEnd } from './end-words.ts'

/** What a side does now: a word, and a sentence to it. */
export const tellStatus = ({ session, end, signaling, name, other, present, connectedAfter }: SideState) => {
  const isThere = present.some(({ id }) => id === other)
  switch (session?.status) {
    case undefined:
    case 'idle':
      if (signaling === 'lost') return { word: 'Cut off', sentence: 'Calls wait for the way to the room.' }
      if (signaling === 'refused') return { word: 'Refused', sentence: 'The room does not let this side in.' }
      if (signaling !== 'open') return { word: 'Joining', sentence: 'On the way into the room.' }
      return { word: 'Ready', sentence: isThere ? `${other} is here, too.` : `${other} is not here yet.` }
    case 'calling':
      return { word: 'Calling', sentence: isThere ? `Waits for ${other} to answer.` : `Waits for ${other} to appear.` }
    case 'ringing':
      return { word: 'Ringing', sentence: `${other} calls.` }
    case 'connecting':
      return { word: 'Connecting', sentence: 'The call is answered; the connection is on its way.' }
    case 'connected':
      return { word: 'Connected', sentence: `${Math.max(1, Math.round(connectedAfter ?? 0))} ms after the answer.` }
    case 'interrupted':
      return { word: 'Interrupted', sentence: 'The connection is lost; it may come back.' }
    case 'recovering':
      return { word: 'Recovering', sentence: 'Looks for another path; the call goes on when it is found.' }
    case 'ending':
      return { word: 'Ending', sentence: `Until ${other} has heard of it.` }
    case 'ended':
      return { word: 'Ended', sentence: end === undefined ? '' : tellEnd(end, name, other) }
  }
}
