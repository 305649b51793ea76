/** Entry of an encoder thread: one job at a time, each answered by one reply. Started by `encoder-pool.ts` only. */
import { parentPort } from 'node:worker_threads'

import { encodeTable } from './encode-table.ts'
import { packError } from './encoder-messages.ts'

import type { EncodeJob } from './encoder-messages.ts'

parentPort?.on('message', (job: EncodeJob) => {
  encodeTable(job.schema, job.table, job.receipt).then(
    (bytes) => parentPort?.postMessage({ bytes }, [bytes.buffer]),
    (error: unknown) => parentPort?.postMessage(packError(error)),
  )
})
