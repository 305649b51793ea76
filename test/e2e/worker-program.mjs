/** The program of a worker process in tests: `node worker-program.mjs <JSON>`, from the compiled sources. */
import { writeSync } from 'node:fs'
import { NativeConnection } from '@temporalio/worker'
import { countCallsInFlight } from '../../bench/calls-in-flight.mjs'
import { openStorage } from '../../dist/src/storage/open.js'
import { createWorker } from '../../dist/src/worker/create-worker.js'
import { killAt } from '../helpers/failing-storage.mjs'

const { address, taskQueue, killPoint } = JSON.parse(process.argv[2])
const calls = countCallsInFlight(openStorage)

function die() {
  writeSync(1, `${JSON.stringify({ callsInFlight: calls.callsInFlight() })}\n`)
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const connection = await NativeConnection.connect({ address })
const worker = await createWorker({
  connection,
  taskQueue,
  drainMs: 5000,
  // The next worker gets the workflow soon.
  temporal: { stickyQueueScheduleToStartTimeout: '500 ms' },
  openStorage: killPoint === undefined ? calls.openStorage : killAt(calls.openStorage, killPoint, die),
})
process.on('SIGTERM', () => worker.shutdown())
const running = worker.run()
console.log('READY')
await running
await connection.close()
