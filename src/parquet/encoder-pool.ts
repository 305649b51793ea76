/**
 * Encoding off the event loop: a fixed number of threads, each with one job at a time, jobs in the order in which they came.
 *
 * 1. Every job settles exactly once: with bytes, with its own error, or with the end of its thread.
 * 2. A thread that ended is replaced when there is work for it; waiting jobs are not touched.
 * 3. Idle threads do not keep the process alive.
 *
 * Threads need JavaScript. From `.ts` sources (tests) on a Node that cannot run TypeScript, the pool encodes on the event loop
 * instead and gives way to it after every page: same bytes, same errors, less speed. `isThreaded` tells.
 */
import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { isParquetryError, ParquetryError } from '../errors.ts'
import { createValueChecker, encodeTable } from './encode-table.ts'
import { unpackError } from './encoder-messages.ts'

import type { Schema, Table } from '../values.ts'
import type { EncodeJob, EncodeReply } from './encoder-messages.ts'

/** Settings of a pool. */
export interface EncoderPoolOptions {
  /** Threads at most; they start when they are first needed. Default: processors − 1, at least 1, at most 4. */
  readonly threads?: number
  /** Heap of one thread in MiB; a job that needs more ends its thread. Default: Node's own limit. */
  readonly threadMemoryMb?: number
}

/** Turns tables into parquet files, off the event loop. */
export interface EncoderPool {
  /** False where threads are not available: see the head of this file. */
  readonly isThreaded: boolean
  /**
   * Bytes of one parquet file. `receipt` stands in the footer as JSON; null leaves it out. Throws as `encodeTable` does, and
   * `ROW_GROUP_KILLS_WORKER` when the thread ended under the job (out of memory).
   */
  encode(schema: Schema, table: Table, receipt: object | null): Promise<Uint8Array<ArrayBuffer>>
  /** Lets accepted jobs finish, then ends the threads; later `encode` calls are refused. */
  close(): Promise<void>
}

/** Runs one job. */
interface Encoder {
  encode(job: EncodeJob): Promise<Uint8Array<ArrayBuffer>>
  stop(): Promise<void>
  /** False once its thread has ended. */
  isAlive(): boolean
}

/** Creates a pool; nothing is started before the first job. */
export function createEncoderPool(options: EncoderPoolOptions = {}): EncoderPool {
  const isThreaded = canStartThreads()
  const encoderLimit = isThreaded ? (options.threads ?? Math.min(4, Math.max(1, availableParallelism() - 1))) : 1
  const idle: Encoder[] = []
  const waiting: (() => void)[] = []
  const open = new Set<Promise<unknown>>()
  let busyCount = 0
  let isClosed = false

  const run = async (job: EncodeJob): Promise<Uint8Array<ArrayBuffer>> => {
    if (busyCount >= encoderLimit) await new Promise<void>((resolve) => waiting.push(resolve))
    else busyCount++
    let encoder = idle.pop()
    while (encoder !== undefined && !encoder.isAlive()) encoder = idle.pop()
    encoder ??= isThreaded ? createThread(options.threadMemoryMb) : createInProcessEncoder()
    try {
      return await encoder.encode(job)
    } finally {
      if (encoder.isAlive()) idle.push(encoder)
      // The place goes to the next job without becoming free in between, so that no later job overtakes it.
      const next = waiting.shift()
      if (next === undefined) busyCount--
      else next()
    }
  }

  return {
    isThreaded,
    async encode(schema, table, receipt) {
      if (isClosed) throw new ParquetryError('INTERNAL', 'Expected an open encoder pool, found a closed one.')
      const done = run({ schema, table, receipt: receipt === null ? null : JSON.stringify(receipt) })
      open.add(done)
      try {
        return await done
      } finally {
        open.delete(done)
      }
    },
    async close() {
      isClosed = true
      await Promise.allSettled(open)
      await Promise.all(idle.splice(0).map((encoder) => encoder.stop()))
    },
  }
}

/** True from JavaScript, and from TypeScript on a Node that runs it (22.18 and later). */
function canStartThreads(): boolean {
  return import.meta.url.endsWith('.js') || Boolean((process.features as { typescript?: unknown }).typescript)
}

function createThread(memoryMb: number | undefined): Encoder {
  const extension = import.meta.url.endsWith('.js') ? 'js' : 'ts'
  const worker = new Worker(new URL(`./encoder-thread.${extension}`, import.meta.url), {
    name: 'parquetry-encoder',
    // The process's own flags (`-e`, `--input-type`, `--test`) are not meant for the thread.
    execArgv: [],
    ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
  })
  let isEnded = false
  let settle: { resolve(reply: EncodeReply): void; reject(error: Error): void } | null = null
  const end = (cause: unknown): void => {
    isEnded = true
    settle?.reject(threadEnded(cause))
    settle = null
  }
  worker.on('message', (reply: EncodeReply) => {
    settle?.resolve(reply)
    settle = null
  })
  worker.on('error', end)
  worker.on('messageerror', end)
  worker.on('exit', (exitCode) => end(`exit code ${exitCode}`))
  worker.unref()
  return {
    isAlive: () => !isEnded,
    async encode(job) {
      worker.ref()
      try {
        const reply = await new Promise<EncodeReply>((resolve, reject) => {
          if (isEnded) return reject(threadEnded('before the job'))
          settle = { resolve, reject }
          worker.postMessage(job)
        })
        if ('error' in reply) throw unpackError(reply)
        return reply.bytes
      } catch (error) {
        settle = null
        throw isParquetryError(error) ? error : explainClone(job, error)
      } finally {
        worker.unref()
      }
    },
    async stop() {
      await worker.terminate()
    },
  }
}

/** A job that cannot be cloned holds something that no column can hold: finds it and names it. */
function explainClone({ schema, table }: EncodeJob, cause: unknown): unknown {
  const check = createValueChecker(schema)
  try {
    for (const [column, values] of table.columns) values.forEach((value, row) => check(column, value, row))
  } catch (error) {
    return error
  }
  return cause
}

function threadEnded(cause: unknown): ParquetryError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ParquetryError('ROW_GROUP_KILLS_WORKER', `Expected an encoded row group, found that the encoder thread ended: ${reason}.`, {
    wayOut: 'give the worker more memory, or the dataset smaller row groups (buffer_size)',
  })
}

/** Lets everything that waits for the event loop go first. */
async function giveWay(): Promise<void> {
  await setImmediate()
}

function createInProcessEncoder(): Encoder {
  return {
    isAlive: () => true,
    encode: (job) => encodeTable(job.schema, job.table, job.receipt, { pause: giveWay }),
    stop: async () => {},
  }
}
