// A worker process of bench/chaos.mjs: `node chaos-worker.mjs <address> <task queue> <ledger file>`. It keeps the number of calls in flight
// in the ledger, so that it can be read after a kill. Ends by SIGTERM.
import { openSync, writeSync } from 'node:fs'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import { openStorage } from '../dist/src/storage/open.js'
import { createWorker } from '../dist/src/worker/create-worker.js'
import { countCallsInFlight } from './calls-in-flight.mjs'

Runtime.install({ logger: new DefaultLogger('ERROR') })
const [, , address, taskQueue, ledgerFile] = process.argv
const ledger = openSync(ledgerFile, 'w')
const calls = countCallsInFlight(openStorage, (callsInFlight) => writeSync(ledger, String(callsInFlight).padStart(6), 0))
const connection = await NativeConnection.connect({ address })
const worker = await createWorker({ connection, taskQueue, openStorage: calls.openStorage })
process.on('SIGTERM', () => worker.shutdown())
const running = worker.run()
console.log('READY')
await running
await connection.close()
