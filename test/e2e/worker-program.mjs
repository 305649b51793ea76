/** The program of a worker process in tests: `node worker-program.mjs <JSON>`, from the compiled sources. */
import { writeSync } from 'node:fs'
import { NativeConnection } from '@temporalio/worker'

const { address, taskQueue, killPoint, processors, pollers } = JSON.parse(process.argv[2])
// Such a module may replace functions of the file system, so it comes before anything of ours.
const { datasetProcessors = [] } = processors === undefined ? {} : await import(processors)
const { countCallsInFlight } = await import('../../bench/calls-in-flight.mjs')
const { openStorage } = await import('../../dist/src/storage/open.js')
const { createWorker } = await import('../../dist/src/worker/create-worker.js')
const { killAt } = await import('../helpers/failing-storage.mjs')
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
  datasetProcessors,
  // The next worker gets the workflow soon.
  temporal: {
    stickyQueueScheduleToStartTimeout: '500 ms',
    ...(pollers === undefined
      ? {}
      : { maxConcurrentWorkflowTaskPolls: Math.max(2, pollers), maxConcurrentActivityTaskPolls: pollers, nonStickyToStickyPollRatio: 0.5 }),
  },
  openStorage: killPoint === undefined ? calls.openStorage : killAt(calls.openStorage, killPoint, die),
})
process.on('SIGTERM', () => worker.shutdown())
const running = worker.run()
console.log('READY')
await running
await connection.close()
