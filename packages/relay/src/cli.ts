#!/usr/bin/env node
import { runRelay } from './command.ts'

await runRelay({
  argv: process.argv.slice(2),
  on: (signal, listener) => process.on(signal, listener),
  exit: (code) => process.exit(code),
})
