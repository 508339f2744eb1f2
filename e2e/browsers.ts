import { existsSync } from 'node:fs'
import { chromium, firefox, type BrowserServer } from 'playwright-core'

/** What Chromium needs in a container without a network, and devices for the tests of media. */
export const chromiumArguments = [
  '--no-sandbox',
  // Containers give little shared memory, and tabs crash when it is used up.
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
]

/** The browsers that everything must work in. */
export type BrowserName = 'chromium' | 'firefox'

/** A name that resolves to this machine and that browsers do not trust, as they do localhost. */
export const insecureHost = 'insecure.test'

/**
 * Starts a browser without a window, with a camera and a microphone that need no hardware and no permission. `relaysToLoopback`:
 * whether a TURN server of this machine may be used; Firefox needs to be told, and gathers other candidates then.
 */
export const launchBrowser = (name: BrowserName, relaysToLoopback = false): Promise<BrowserServer> =>
  launchers[name](relaysToLoopback)

const launchers: Record<BrowserName, (relaysToLoopback: boolean) => Promise<BrowserServer>> = {
  chromium: () =>
    chromium.launchServer({
      host: '127.0.0.1',
      executablePath: findProgram('PARLEY_CHROMIUM', [
        '/usr/bin/chromium',
        '/usr/bin/chromium-browser',
        '/usr/bin/google-chrome',
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      ]),
      args: [...chromiumArguments, `--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`],
    }),
  firefox: (relaysToLoopback) =>
    firefox.launchServer({
      host: '127.0.0.1',
      // This channel speaks WebDriver BiDi, and so works with the Firefox that people have.
      channel: 'moz-firefox',
      executablePath: findProgram('PARLEY_FIREFOX', [
        '/usr/bin/firefox-esr',
        '/usr/bin/firefox',
        '/Applications/Firefox.app/Contents/MacOS/firefox',
      ]),
      firefoxUserPrefs: {
        'media.navigator.streams.fake': true,
        'media.navigator.permission.disabled': true,
        'network.dns.localDomains': insecureHost,
        'dom.security.https_first': false,
        // All but one tab are in the background, where timers slow down.
        'dom.min_background_timeout_value': 4,
        'dom.timeout.enable_budget_timer_throttling': false,
        'media.peerconnection.ice.loopback': relaysToLoopback,
      },
    }),
}

const findProgram = (variable: string, usual: readonly string[]): string => {
  const path = process.env[variable] ?? usual.find((candidate) => existsSync(candidate))
  if (path) return path
  throw new Error(`No browser at ${usual.join(', ')}: install one, or say where it is in ${variable}.`)
}
