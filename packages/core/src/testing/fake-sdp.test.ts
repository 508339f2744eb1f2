import { describe, expect, it } from 'vitest'
import { addCandidates, readSdp, writeSdp, type SessionDescription } from './fake-sdp.ts'

const description: SessionDescription = {
  origin: '1',
  version: 2,
  ufrag: 'abcd',
  pwd: 'secret',
  fingerprint: 'sha-256 AA:BB',
  setup: 'actpass',
  sections: [
    { kind: 'audio', mid: '0', direction: 'sendrecv', streams: ['s1', 's2'], track: 't', rejected: false },
    { kind: 'video', mid: '1', direction: 'inactive', streams: [], track: 'v', rejected: true },
    { kind: 'application', mid: '2', direction: 'sendrecv', streams: [], track: '', rejected: false },
  ],
}

describe('the session descriptions of the fake', () => {
  it('read as they were written', () => {
    const read = readSdp(writeSdp(description, 1000))
    expect(read).toMatchObject({ ufrag: 'abcd', pwd: 'secret', fingerprint: 'sha-256 AA:BB', setup: 'actpass' })
    expect(read?.sections[0]).toEqual(description.sections[0])
    expect(read?.sections.map(({ kind, mid, rejected }) => [kind, mid, rejected])).toEqual([
      ['audio', '0', false],
      ['video', '1', true],
      ['application', '2', false],
    ])
  })

  it('have the shape that browsers give them', () => {
    const sdp = writeSdp(description, 262_144)
    expect(sdp).toMatch(/^v=0\r\no=- 1 2 IN IP4 127\.0\.0\.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 2\r\n/)
    expect(sdp).toContain('m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n')
    expect(sdp).toContain('a=max-message-size:262144\r\n')
    expect(sdp.match(/^a=ice-ufrag:abcd\r$/gm)).toHaveLength(3)
  })

  it('carry candidates in their first section', () => {
    const sdp = addCandidates(writeSdp(description, 1000), ['candidate:1', 'candidate:2'], true)
    expect(readSdp(sdp)?.candidates).toEqual(['candidate:1', 'candidate:2'])
    expect(sdp.indexOf('a=end-of-candidates')).toBeLessThan(sdp.indexOf('m=video'))
  })

  it('are nothing when the text is none, or a section has no mid', () => {
    expect(readSdp('garbage')).toBeUndefined()
    expect(readSdp('v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n')).toBeUndefined()
  })

  it('take attributes of the session part for all sections', () => {
    const sdp = 'v=0\r\na=ice-ufrag:whole\r\na=fingerprint:sha-256 CC\r\nm=application 9 x y\r\na=mid:data\r\n'
    expect(readSdp(sdp)).toMatchObject({ ufrag: 'whole', fingerprint: 'sha-256 CC' })
  })
})
