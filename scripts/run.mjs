/** What the scripts share: the place of the repository, and starting a command with its output shown. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a command in the repository and resolves to its exit code. */
export const run = (command, args, { env = {} } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...env },
    })
    // A terminal sends Ctrl-C to both; other ends reach only this process.
    const end = () => child.kill('SIGTERM')
    process.once('SIGTERM', end)
    child.once('error', () => resolve(127))
    // A command that a signal ended has no code; the shell's convention is 128 and more.
    child.once('exit', (code) => {
      process.removeListener('SIGTERM', end)
      resolve(code ?? 128)
    })
  })

/** Runs the npm that started this script, or else the one in PATH. */
export const npm = (args, options) => {
  const path = process.env['npm_execpath']
  if (path?.endsWith('.js')) return run(process.execPath, [path, ...args], options)
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, options)
}

/** Ends the script with a sentence for people. */
export const fail = (message, code = 1) => {
  console.error(`\n${message}`)
  process.exit(code)
}
