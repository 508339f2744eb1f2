/** Runs the device from its TypeScript source: `node device.mjs <broker> <ms between readings>`. */
import { fileURLToPath } from 'node:url'
import { importSource } from '../../scripts/import-source.mjs'

const { runDevice } = await importSource(fileURLToPath(new URL('src/device.ts', import.meta.url)))
const [broker, interval] = process.argv.slice(2)
runDevice(broker, Number(interval))
