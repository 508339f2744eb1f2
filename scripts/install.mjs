/**
 * Makes a fresh clone ready: its npm packages, and the programs that the tests drive: two browsers, two brokers, a TURN
 * server, and what makes networks.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { delimiter, isAbsolute, join } from 'node:path'
import { fail, npm, root, run } from './run.mjs'

const programs = {
  chromium: {
    variable: 'PARLEY_CHROMIUM',
    commands: [
      'chromium',
      'chromium-browser',
      'google-chrome',
      'google-chrome-stable',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ],
    packages: { debian: 'chromium', ubuntu: 'chromium-browser', darwin: 'google-chrome' },
  },
  firefox: {
    variable: 'PARLEY_FIREFOX',
    commands: ['firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
    packages: { debian: 'firefox-esr', ubuntu: 'firefox', darwin: 'firefox' },
  },
  mosquitto: {
    variable: 'PARLEY_MOSQUITTO',
    // Debian puts it where the PATH of users does not look.
    commands: ['mosquitto', '/usr/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto', '/usr/local/sbin/mosquitto'],
    packages: { debian: 'mosquitto', ubuntu: 'mosquitto', darwin: 'mosquitto' },
  },
  nats: {
    variable: 'PARLEY_NATS',
    commands: ['nats-server', '/usr/sbin/nats-server'],
    packages: { debian: 'nats-server', ubuntu: 'nats-server', darwin: 'nats-server' },
  },
  coturn: {
    variable: 'PARLEY_COTURN',
    commands: ['turnserver', '/usr/bin/turnserver', '/opt/homebrew/bin/turnserver', '/usr/local/bin/turnserver'],
    packages: { debian: 'coturn', ubuntu: 'coturn', darwin: 'coturn' },
  },
  iproute2: {
    variable: 'PARLEY_IP',
    commands: ['ip', '/usr/sbin/ip', '/sbin/ip'],
    version: '-V',
    // Network namespaces are a feature of Linux; elsewhere the tests that need them say so.
    onlyOn: 'linux',
    packages: { debian: 'iproute2', ubuntu: 'iproute2' },
  },
}

/** What `npm test` can need. */
export const programNames = Object.keys(programs).filter((name) =>
  [undefined, process.platform].includes(programs[name].onlyOn),
)

/** Runs `npm ci` unless what is installed is what the lockfile says. */
export const ensureModules = async () => {
  if (modulesMatchLock()) return
  console.log('Installing the packages of package-lock.json (npm ci) …')
  const code = await npm(['ci', '--include=dev', '--no-audit', '--no-fund'])
  if (code !== 0) fail(`npm ci failed with code ${code}. What it printed above says why.`, code)
}

/**
 * Finds programs by their names, and installs what is missing where that needs nobody's password.
 * Resolves to `{ env, missing }`: variables that hold their paths, and for what is missing what to do about it.
 */
export const ensurePrograms = async (names) => {
  let found = findPrograms(names)
  const installable = names.filter((name) => !found[name] && !process.env[programs[name].variable])

  const system = systemName()
  const packages = installable.map((name) => programs[name].packages[system])
  const apt = system === 'debian' || system === 'ubuntu'
  if (apt && packages.length > 0 && process.getuid?.() === 0) {
    console.log(`Installing ${packages.join(' and ')} (apt-get) …`)
    // Run level 1: the package of a server shall not start it.
    const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    await run('apt-get', ['update', '-qq'], { env })
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env })
    found = findPrograms(names)
  }
  const env = Object.fromEntries(names.flatMap((name) => (found[name] ? [[programs[name].variable, found[name]]] : [])))
  const missing = names.filter((name) => !found[name]).map((name) => ({ name, advice: adviceFor(name, system) }))
  return { env, missing }
}

const findPrograms = (names) =>
  Object.fromEntries(
    names.map((name) => {
      const { variable, commands, version } = programs[name]
      const chosen = process.env[variable]
      const startable = (path) => path && starts(path, version)
      return [name, chosen ? findCommand(chosen) : commands.map(findCommand).find(startable)]
    }),
  )

const findCommand = (command) => {
  const folders = isAbsolute(command) ? [''] : (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => (folder ? join(folder, command) : command)).find(isExecutable)
}

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

// Ubuntu's packages put a script in the browser's place that only says "install the snap".
const starts = (path, version = '--version') =>
  spawnSync(path, [version], { stdio: 'ignore', timeout: 20_000 }).status === 0 || isBroker(path)

// The broker knows no `--version`; that it tells its options shows that it runs.
const isBroker = (path) => path.endsWith('mosquitto') && spawnSync(path, ['-h'], { timeout: 20_000 }).stdout?.length > 0

const adviceFor = (name, system) => {
  const { variable, packages } = programs[name]
  if (process.env[variable]) return `${variable} is ${process.env[variable]}, which is no program that can be run.`
  const command =
    system === 'darwin'
      ? `brew install ${packages.darwin}`
      : system
        ? `sudo apt-get install -y ${packages[system]}`
        : undefined
  const install = command ? `Install it with: ${command}` : `Install it`
  return `No ${name} was found. ${install}, or set ${variable} to the path of its program.`
}

const systemName = () => {
  if (process.platform === 'darwin') return 'darwin'
  if (!existsSync('/etc/os-release')) return undefined
  const release = readFileSync('/etc/os-release', 'utf8')
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]+)"?$/gm)].flatMap(([, value]) => value.split(' '))
  return ids.includes('ubuntu') ? 'ubuntu' : ids.includes('debian') ? 'debian' : undefined
}

// npm notes in this hidden lockfile what it has put into node_modules.
const modulesMatchLock = () => {
  const installed = readPackages('node_modules/.package-lock.json')
  if (!installed) return false
  return Object.entries(readPackages('package-lock.json') ?? {}).every(([path, wanted]) => {
    if (path === '') return true
    const present = installed[path]
    // Optional packages are often for another operating system.
    if (!present) return wanted.optional === true || wanted.devOptional === true
    return present.version === wanted.version && present.integrity === wanted.integrity
  })
}

const readPackages = (file) => {
  const path = join(root, file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined
}
