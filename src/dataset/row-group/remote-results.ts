/**
 * What validators elsewhere say of the rows of one open row group.
 *
 * V1  No result is used before the journal has it, under a key of record and place (never of an address): nothing is judged twice.
 * V2  Records of one column go together, up to `batch_size`: a full batch at once, fewer when no other comes for a moment. The company
 *     that a record has plays no part in its key.
 * V3  A refused batch is halved until the record that is refused stands alone; only its row fails.
 * V4  Stopping, probing and being cut off from the server are as in `answer-book.ts` (A2, A3, A6).
 */
import { hash } from 'node:crypto'
import type { RemoteValidation, RemoteValidator } from '../../columns/generator.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { RemoteValidators } from '../../model/remote-validators.ts'
import type { Value } from '../../values.ts'
import { createProbe, waitUntil } from './answer-book.ts'
import type { AnswerBookOptions, AskingCell } from './answer-book.ts'
import type { Journal } from '../journal/journal.ts'

/** Has records judged on behalf of cells. */
export interface RemoteResults {
  /** The cell. Throws `VALIDATOR_REFUSED`, `VALIDATOR_UNAVAILABLE`, what the journal throws, or the reason of a stop. */
  validate(cell: AskingCell, validation: RemoteValidation): Promise<Value>
}

/** What remote results work with. */
export type RemoteResultsOptions = Pick<AnswerBookOptions, 'journal' | 'stop' | 'abort' | 'isProbe' | 'onLost' | 'mayCall'> & {
  readonly validators: RemoteValidators
}

/** Milliseconds for which records that are no full batch wait for others: as long as neighbours take to be answered together. */
const LINGER_MS = 25

/** A record that waits for its result. */
interface Waiting {
  readonly cell: AskingCell
  readonly key: string
  /** The record as JSON. */
  readonly record: string
  readonly read: RemoteValidation['read']
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
}

/** The results of one attempt at one row group. */
export function createRemoteResults(options: RemoteResultsOptions): RemoteResults {
  const queues = new Map<RemoteValidator, Queue>()
  const probing = createProbe(options.isProbe)
  return {
    async validate(cell, { validator, record, read }) {
      const text = JSON.stringify(record, bigintAsText)
      const key = hash('sha256', JSON.stringify(['validation', cell.row, cell.column, cell.refill, text]), 'hex')
      const known = options.journal.lookup(key)
      if (known !== undefined) return valueOf(JSON.parse(known.content), read, validator)
      options.stop.throwIfAborted()
      let queue = queues.get(validator)
      if (queue === undefined) {
        queue = createQueue((takeSome, row) => send({ validator, row, takeSome }, options, probing), validator.batch_size)
        queues.set(validator, queue)
      }
      const { add } = queue
      return await new Promise<Value>((resolve, reject) => add({ cell, key, record: text, read, resolve, reject }))
    },
  }
}

/** See `createQueue`. */
interface Queue {
  readonly add: (waiting: Waiting) => void
}

/** Records of one column, on their way into batches. `begin` starts a request that takes what waits once there is a slot; `row` is the first. */
function createQueue(begin: (takeSome: () => Waiting[], row: number) => void, batchSize: number): Queue {
  let queue: Waiting[] = []
  /** Records that the requests begun have room for. */
  let room = 0
  let timer: NodeJS.Timeout | null = null
  const takeSome = (): Waiting[] => {
    room -= batchSize
    const batch = queue.slice(0, batchSize)
    queue = queue.slice(batchSize)
    return batch
  }
  function beginOne(): void {
    const row = queue[room]?.cell.row ?? 0
    room += batchSize
    begin(takeSome, row)
  }
  return {
    add(waiting) {
      queue.push(waiting)
      if (queue.length - room >= batchSize) beginOne()
      if (queue.length > room) timer ??= setTimeout(onLinger, LINGER_MS)
    },
  }
  function onLinger(): void {
    timer = null
    while (queue.length > room) beginOne()
  }
}

/** A request that has begun. */
interface Sending {
  readonly validator: RemoteValidator
  /** The first row that it is likely to take: lower goes first. */
  readonly row: number
  readonly takeSome: () => Waiting[]
}

/** One request, and what follows from it; every record that it takes is settled. */
function send(sending: Sending, options: RemoteResultsOptions, probing: ReturnType<typeof createProbe>): void {
  let batch: Waiting[] | null = null
  const take = (): Waiting[] => (batch ??= sending.takeSome())
  probing(() => request(sending, take, options)).then(
    () => undefined,
    (error: unknown) => {
      const failed = take()
      const isRefused = isParquetryError(error) && error.code === 'VALIDATOR_REFUSED'
      if (!isRefused || failed.length <= 1) {
        for (const { reject } of failed) reject(error)
        return
      }
      const middle = failed.length >> 1
      for (const part of [failed.slice(0, middle), failed.slice(middle)]) {
        send({ ...sending, row: part[0]!.cell.row, takeSome: () => part }, options, probing)
      }
    },
  )
}

async function request({ validator, row }: Sending, take: () => Waiting[], options: RemoteResultsOptions): Promise<void> {
  const { validators, stop, abort, mayCall } = options
  stop.throwIfAborted()
  await validators.judge({
    validator,
    take: () => take().map(({ record }) => record),
    keep: (results, endpoint) => keep(validator, take(), results, endpoint, options),
    priority: row,
    signal: abort,
    stopWaiting: stop,
    beforeSending: () => (mayCall?.() === false ? waitUntil(mayCall, stop) : undefined),
  })
}

/** Journals the results and hands them out. One that is not what it should be is not kept, so that it is asked for again. */
async function keep(
  validator: RemoteValidator,
  batch: readonly Waiting[],
  results: readonly unknown[],
  endpoint: string,
  { journal, onLost }: RemoteResultsOptions,
): Promise<void> {
  let fault: ParquetryError | null = null
  for (const [index, { cell, key, read, resolve }] of batch.entries()) {
    const result = results[index]
    try {
      const value = valueOf(result, read, validator)
      await journalResult(journal, key, cell, result, endpoint)
      resolve(value)
    } catch (error) {
      if (!isParquetryError(error) || error.code !== 'VALIDATOR_UNAVAILABLE') {
        onLost?.(error)
        throw error
      }
      fault ??= error
    }
  }
  if (fault !== null) throw fault
}

/** In the journal a result is an answer that cost no tokens. */
async function journalResult(journal: Journal, key: string, cell: AskingCell, result: unknown, endpoint: string): Promise<void> {
  const usage = { inputTokens: 0, outputTokens: 0 }
  await journal.record(key, { ...cell, restart: 0, step: 0 }, { content: JSON.stringify(result), finishReason: 'judged', usage }, endpoint)
}

function valueOf(result: unknown, read: RemoteValidation['read'], { column, endpoint_url }: RemoteValidator): Value {
  const reading = read(result)
  if (reading.isUsable) return reading.value
  const message = `The validator of "${column}" should have answered with one result for each record, found another: ${reading.message}`
  throw new ParquetryError('VALIDATOR_UNAVAILABLE', message, {
    column,
    endpoint: new URL(endpoint_url).origin,
    wayOut: 'Correct the validator, or output_schema in a new dataset; nothing that was judged is asked again.',
  })
}

/** JSON's readers round integers beyond 2^53. */
function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
