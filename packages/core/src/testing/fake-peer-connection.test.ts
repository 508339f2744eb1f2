import { describe, expect, it } from 'vitest'
import { createFakeWebRtc } from './fake-web-rtc.ts'
import { truthTable } from './truth-table.ts'
import { createVirtualClock } from './virtual-clock.ts'

describe.each(['chromium', 'firefox'] as const)('the fake of %s', (profile) => {
  it.each(truthTable)('$name', async ({ run, expected }) => {
    const clock = createVirtualClock()
    const { RTCPeerConnection } = createFakeWebRtc({ profile, clock })
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.setTimeout(resolve, ms)
      })
    let outcome: string | undefined
    void run({ RTCPeerConnection, wait }).then(
      (result) => (outcome = result),
      (error: unknown) => (outcome = String(error)),
    )
    await clock.runUntil(() => outcome !== undefined, 60_000)
    expect(outcome).toBe(expected[profile])
  })
})
