import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RemoteValidation, RemoteValidator } from '../../../src/columns/generator.ts'
import { openJournal } from '../../../src/dataset/journal/journal.ts'
import type { Journal } from '../../../src/dataset/journal/journal.ts'
import { createRemoteResults } from '../../../src/dataset/row-group/remote-results.ts'
import type { RemoteResults, RemoteResultsOptions } from '../../../src/dataset/row-group/remote-results.ts'
import { ParquetryError } from '../../../src/errors.ts'
import { createRemoteValidators } from '../../../src/model/remote-validators.ts'
import type { RemoteValidators } from '../../../src/model/remote-validators.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import type { Value } from '../../../src/values.ts'
import { sendJson, startServer, until } from '../../model/scripted-server.ts'
import type { Script, ScriptedServer } from '../../model/scripted-server.ts'

type Sent = readonly { readonly n: number }[]

let server: ScriptedServer
let validators: RemoteValidators
let storage: Storage
let script: Script
let stop: AbortController

const judgeAll: Script = (response, { body }) =>
  sendJson(response, 200, { data: (body['data'] as Sent).map(({ n }) => ({ is_valid: n % 2 === 0, n })) })
/** Numbers of each request, sorted. */
const sent = (): number[][] => server.asked.map(({ body }) => (body['data'] as Sent).map(({ n }) => n).toSorted((a, b) => a - b))

beforeEach(async () => {
  script = judgeAll
  server = await startServer((...request) => script(...request))
  // Pauses between repetitions are as short as they come.
  validators = createRemoteValidators({ env: {}, random: () => 0 })
  storage = createMemoryStorage()
  stop = new AbortController()
})
afterEach(async () => {
  await validators.close()
  await server.close()
})

function validatorOf(more: Partial<RemoteValidator> = {}): RemoteValidator {
  const how = { timeout: 5, max_retries: 0, retry_backoff: 0.01, max_parallel_requests: 2, batch_size: 3 }
  return { column: 'check', endpoint_url: server.endpoint, ...how, ...more }
}
const openOne = (attempt: number): Promise<Journal> => openJournal(storage, 0, { runId: 'run', attempt, fingerprint: 'sha256:abc' })
async function open(more: Partial<RemoteResultsOptions> = {}, attempt = 1): Promise<RemoteResults> {
  return createRemoteResults({
    validators,
    journal: await openOne(attempt),
    stop: stop.signal,
    abort: stop.signal,
    isProbe: false,
    ...more,
  })
}
/** Takes what has a verdict. */
const read: RemoteValidation['read'] = (result) =>
  typeof (result as { is_valid?: unknown }).is_valid === 'boolean'
    ? { isUsable: true, value: result as Value }
    : { isUsable: false, message: 'expected is_valid' }
const cell = (row: number) => ({ row, column: 'check', refill: 0 })
const judge = (results: RemoteResults, validator: RemoteValidator, rows: readonly number[]): Promise<PromiseSettledResult<Value>[]> =>
  Promise.allSettled(rows.map((n) => results.validate(cell(n), { validator, record: { n }, read })))
const codesOf = (settled: readonly PromiseSettledResult<Value>[]): readonly unknown[] =>
  settled.map((result) => (result.status === 'fulfilled' ? 'judged' : (result.reason as ParquetryError).code))
const valid = (n: number) => ({ status: 'fulfilled', value: { is_valid: n % 2 === 0, n } })

describe('records for a validator elsewhere', () => {
  it('go together up to batch_size, the rest after a moment, and each row gets its own result', async () => {
    const settled = await judge(await open(), validatorOf(), [0, 1, 2, 3, 4, 5, 6])
    expect(settled).toEqual([0, 1, 2, 3, 4, 5, 6].map(valid))
    expect(sent()).toEqual([[0, 1, 2], [3, 4, 5], [6]])
  })

  it('are sent by at most max_parallel_requests at once, over all row groups', async () => {
    const held: (() => void)[] = []
    script = (...request) => void held.push(() => judgeAll(...request))
    const [one, other] = [await open(), await open({}, 2)]
    const done = Promise.all([judge(one, validatorOf(), [0, 1, 2, 3, 4, 5]), judge(other, validatorOf(), [6, 7, 8])])
    await until(() => held.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(held.length).toBe(2)
    script = judgeAll
    for (const answer of held) answer()
    expect((await done).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map(valid))
    expect(server.openAtMost()).toBe(2)
  })

  it('are judged once: a later attempt takes results from the journal, wherever the validator is by then', async () => {
    await judge(await open(), validatorOf(), [0, 1, 2])
    const moved = validatorOf({ endpoint_url: 'http://127.0.0.1:1/' })
    expect(await judge(await open({}, 2), moved, [0, 1, 2])).toEqual([0, 1, 2].map(valid))
    expect(server.asked.length).toBe(1)
  })

  it('are judged anew for another refill of the row, and for another content', async () => {
    const results = await open()
    await judge(results, validatorOf(), [0])
    await results.validate({ ...cell(0), refill: 1 }, { validator: validatorOf(), record: { n: 0 }, read })
    await results.validate(cell(0), { validator: validatorOf(), record: { n: 7 }, read })
    expect(sent()).toEqual([[0], [0], [7]])
  })

  it('are sent again when the validator fails for a moment', async () => {
    script = (response, asked, index) => (index < 2 ? sendJson(response, 503, {}) : judgeAll(response, asked, index))
    expect(codesOf(await judge(await open(), validatorOf({ max_retries: 2 }), [0, 1, 2]))).toEqual(['judged', 'judged', 'judged'])
    expect(server.asked.length).toBe(3)
  })

  it.each<[string, Script]>([
    ['fails', (response) => sendJson(response, 500, {})],
    ['wants a key', (response) => sendJson(response, 401, {})],
    ['is not there', (response) => sendJson(response, 404, {})],
    ['answers no JSON', (response) => void response.writeHead(200).end('<html>')],
    ['answers for fewer records', (response) => sendJson(response, 200, { data: [{ is_valid: true }] })],
    ['hangs up', (response) => void response.destroy()],
  ])('make the row group wait, and drop no row, where the validator %s', async (_, said) => {
    script = said
    const settled = await judge(await open(), validatorOf(), [0, 1, 2])
    expect(codesOf(settled)).toEqual(Array.from({ length: 3 }, () => 'VALIDATOR_UNAVAILABLE'))
    const { reason } = settled[0] as { reason: ParquetryError }
    expect(reason.kind).toBe('blocked')
    expect(reason.message).toContain('The validator of "check" at http://127.0.0.1:')
  })

  it('are kept where one result of a request is none, and only that one is asked for again', async () => {
    script = (response, { body }) =>
      sendJson(response, 200, { data: (body['data'] as Sent).map(({ n }) => (n === 1 ? 'broken' : { is_valid: true, n })) })
    expect(codesOf(await judge(await open(), validatorOf(), [0, 1, 2]))).toEqual(['judged', 'VALIDATOR_UNAVAILABLE', 'judged'])
    script = judgeAll
    expect(codesOf(await judge(await open({}, 2), validatorOf(), [0, 1, 2]))).toEqual(['judged', 'judged', 'judged'])
    expect(sent()).toEqual([[0, 1, 2], [1]])
  })

  it('fail alone where one is refused, as an error of its row', async () => {
    script = (response, asked, index) =>
      (asked.body['data'] as Sent).some(({ n }) => n === 2) ? sendJson(response, 422, { detail: 'no 2' }) : judgeAll(response, asked, index)
    const settled = await judge(await open(), validatorOf({ batch_size: 4 }), [0, 1, 2, 3])
    expect(codesOf(settled)).toEqual(['judged', 'judged', 'VALIDATOR_REFUSED', 'judged'])
    expect((settled[2] as { reason: ParquetryError }).reason.kind).toBe('content')
    expect((settled[2] as { reason: ParquetryError }).reason.message).toContain('status 422: no 2')
  })

  it('are not sent after a stop, and all that wait hear its reason', async () => {
    script = () => undefined
    const results = await open()
    const done = judge(results, validatorOf({ max_parallel_requests: 1 }), [0, 1, 2, 3, 4])
    await until(() => server.asked.length === 1)
    stop.abort(new ParquetryError('INTERNAL', 'stopped'))
    expect(codesOf(await done)).toEqual(Array.from({ length: 5 }, () => 'INTERNAL'))
    expect(codesOf(await judge(results, validatorOf(), [9]))).toEqual(['INTERNAL'])
    expect(server.asked.length).toBe(1)
  })

  it('wait while the attempt may not call', async () => {
    let may = false
    const done = judge(await open({ mayCall: () => may }), validatorOf(), [0])
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(server.asked.length).toBe(0)
    may = true
    expect(await done).toEqual([valid(0)])
  })

  it('are probed by one request alone', async () => {
    script = (response) => sendJson(response, 503, {})
    const settled = await judge(await open({ isProbe: true }), validatorOf(), [0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(new Set(codesOf(settled))).toEqual(new Set(['VALIDATOR_UNAVAILABLE']))
    expect(server.asked.length).toBe(1)
  })

  it('end the row group when a result cannot be kept, so that nothing more is paid for', async () => {
    const lost: unknown[] = []
    const journal = {
      ...(await openOne(1)),
      lookup: () => undefined,
      record: () => Promise.reject(new ParquetryError('DISK_FULL', 'full')),
    }
    const settled = await judge(await open({ journal, onLost: (error) => lost.push(error) }), validatorOf(), [0, 1, 2])
    expect(codesOf(settled)).toEqual(['DISK_FULL', 'DISK_FULL', 'DISK_FULL'])
    expect(lost).toMatchObject([{ code: 'DISK_FULL' }])
  })

  it('carry integers that JSON would round as text, and times in ISO form', async () => {
    const results = await open()
    const record = { n: 2n ** 60n, at: new Date(0), list: [1n] }
    await results.validate(cell(0), { validator: validatorOf(), record, read: () => ({ isUsable: true, value: null }) })
    expect(server.asked[0]?.body).toEqual({ data: [{ n: '1152921504606846976', at: '1970-01-01T00:00:00.000Z', list: ['1'] }] })
  })
})
