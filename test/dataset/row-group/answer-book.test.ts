import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CompiledModel } from '../../../src/config/compiled.ts'
import { createAnswerBook } from '../../../src/dataset/row-group/answer-book.ts'
import type { AnswerBook, AnswerBookOptions } from '../../../src/dataset/row-group/answer-book.ts'
import { createMemoryImages } from '../../../src/dataset/media/image-store.ts'
import { openJournal } from '../../../src/dataset/journal/journal.ts'
import type { Journal } from '../../../src/dataset/journal/journal.ts'
import { ParquetryError } from '../../../src/errors.ts'
import { createModels } from '../../../src/model/models.ts'
import type { ControlledModels } from '../../../src/model/models.ts'
import { createRandom } from '../../../src/random/random.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { ask, target } from '../../model/builders.ts'
import { answerOk, completion, sendJson, startServer, until } from '../../model/scripted-server.ts'
import type { Script, ScriptedServer } from '../../model/scripted-server.ts'

let server: ScriptedServer
let models: ControlledModels
let stop: AbortController
let abort: AbortController
/** Answers wait here until they are let go. */
let held: (() => void)[]
let isHeld: boolean

beforeEach(async () => {
  held = []
  isHeld = false
  server = await startServer((response) => {
    if (isHeld) held.push(() => answerOk(response))
    else answerOk(response)
  })
  models = createModels({ env: {} })
  stop = new AbortController()
  abort = new AbortController()
})
afterEach(async () => {
  await models.close()
  await server.close()
})

const FINGERPRINT = 'sha256:abc'
const storage = createMemoryStorage()
const openOne = (id: number): Promise<Journal> => openJournal(storage, id, { runId: 'run', attempt: 1, fingerprint: FINGERPRINT })

function modelM(): CompiledModel {
  return {
    target: target(server.endpoint, { alias: 'm', maxParallelRequests: 4 }),
    temperature: null,
    topP: null,
    maxTokens: null,
    extraBody: {},
    price: null,
    skipHealthCheck: false,
    nativeStructuredOutput: false,
  }
}

function bookOn(journal: Journal, options: Partial<AnswerBookOptions> = {}): AnswerBook {
  return createAnswerBook({
    models,
    compiledModels: { m: modelM() },
    journal,
    random: createRandom(1),
    stop: stop.signal,
    abort: abort.signal,
    isProbe: false,
    images: createMemoryImages(),
    ...options,
  })
}

const refusal = completion(null, { choices: [{ index: 0, message: { refusal: 'I cannot help' }, finish_reason: 'stop' }] })

/** Another server in place of the one of the test. */
async function replaced(script: Script): Promise<ScriptedServer> {
  await server.close()
  return await startServer(script)
}

const askRow = (book: AnswerBook, row: number): Promise<unknown> =>
  book.ask({ row, column: 'c', refill: 0 }, 'm', ask(`row ${row}`), { restart: 0, step: 0 })

describe('an answer book', () => {
  it('has every answer in the journal before it gives it out, with who answered', async () => {
    const journal = await openOne(0)
    const book = bookOn(journal)
    await askRow(book, 1)
    expect(journal.size).toBe(1)
    const text = new TextDecoder().decode((await storage.read('journal/batch_00000.run.1.jsonl')) ?? undefined)
    expect(text).toContain(`"endpoint":"${server.endpoint}"`)
    await askRow(book, 1)
    expect(server.asked.length).toBe(1)
    expect(book.callsMade()).toBe(1)
    expect(book.usage().calls).toBe(2)
  })

  it('journals answers that come after the stop, and issues no call any more', async () => {
    isHeld = true
    const journal = await openOne(1)
    const book = bookOn(journal)
    const asked = Promise.allSettled([0, 1, 2, 3, 4, 5, 6, 7].map((row) => askRow(book, row)))
    await until(() => held.length === 4)
    stop.abort(new Error('stopped'))
    for (const answer of held) answer()
    const ended = (await asked).map(({ status }) => status)
    expect(ended).toEqual([...Array.from({ length: 4 }, () => 'fulfilled'), ...Array.from({ length: 4 }, () => 'rejected')])
    expect(journal.size).toBe(4)
    expect(server.asked.length).toBe(4)
  })

  it('journals the answer to a probe, and to those that waited for it', async () => {
    isHeld = true
    const journal = await openOne(2)
    const book = bookOn(journal, { isProbe: true })
    const asked = Promise.all([0, 1, 2].map((row) => askRow(book, row)))
    await until(() => held.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(server.asked.length).toBe(1)
    isHeld = false
    held[0]?.()
    await asked
    expect(journal.size).toBe(3)
  })

  it('finds a refusal that was paid for again, as it finds an answer, and counts it', async () => {
    server = await replaced((response) => sendJson(response, 200, refusal))
    const journal = await openOne(4)
    const book = bookOn(journal)
    const first = await askRow(book, 1).catch((error: unknown) => error)
    expect(first).toMatchObject({ code: 'MODEL_CONTENT_FILTERED', kind: 'content' })
    expect(book.usage()).toMatchObject({ calls: 1, inputTokens: 7, outputTokens: 3 })
    await journal.close()
    const later = bookOn(await openJournal(storage, 4, { runId: 'run', attempt: 2, fingerprint: FINGERPRINT }))
    const again = await askRow(later, 1).catch((error: unknown) => error)
    expect(again).toMatchObject({ code: 'MODEL_CONTENT_FILTERED', kind: 'content', message: (first as Error).message })
    expect(later.usage()).toMatchObject({ calls: 1 })
    expect(later.callsMade()).toBe(0)
    expect(server.asked.length).toBe(1)
  })

  it('draws parameters by the place of the request, so that the answer is found again', async () => {
    const compiledModels = {
      m: { ...modelM(), drawn: { temperature: { distribution_type: 'uniform', params: { low: 0.1, high: 0.9 } }, topP: null } },
    } as const
    const book = bookOn(await openOne(7), { compiledModels })
    await Promise.all([1, 2].map((row) => askRow(book, row)))
    const sent = server.asked.map(({ body }) => body['temperature'])
    expect(new Set(sent).size).toBe(2)
    expect(sent.every((value) => typeof value === 'number' && value >= 0.1 && value < 0.9)).toBe(true)
    const later = bookOn(await openOne(7), { compiledModels })
    await Promise.all([1, 2].map((row) => askRow(later, row)))
    expect(later.callsMade()).toBe(0)
    const otherwise = bookOn(await openOne(7), { compiledModels, random: createRandom(2) })
    await askRow(otherwise, 1)
    expect(otherwise.callsMade()).toBe(1)
  })

  it('takes a refusal as the answer to a probe: it is that row which fails, and no other', async () => {
    server = await replaced((response, _asked, index) => (index === 0 ? sendJson(response, 200, refusal) : answerOk(response)))
    const book = bookOn(await openOne(5), { isProbe: true })
    const ended = await Promise.allSettled([0, 1, 2].map((row) => askRow(book, row)))
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  })

  it('gives all calls up when the probe finds nobody there', async () => {
    server = await replaced((response) => sendJson(response, 401, { error: { message: 'no such key' } }))
    const book = bookOn(await openOne(6), { isProbe: true })
    const ended = await Promise.allSettled([0, 1, 2].map((row) => askRow(book, row)))
    expect(ended.map((outcome) => outcome.status === 'rejected' && (outcome.reason as ParquetryError).kind)).toEqual(
      Array.from({ length: 3 }, () => 'blocked'),
    )
    expect(server.asked.length).toBe(1)
  })

  it('asks for nothing more once the journal refuses an answer: what cannot be kept is not bought', async () => {
    const journal = await openOne(3)
    const full = new ParquetryError('DISK_FULL', 'no space')
    const broken: Journal = { ...journal, record: () => Promise.reject(full) }
    const book = bookOn(broken, { onLost: (error) => stop.abort(error) })
    const ended = await Promise.allSettled(Array.from({ length: 40 }, (_, row) => askRow(book, row)))
    expect(ended.every((outcome) => outcome.status === 'rejected' && outcome.reason === full)).toBe(true)
    expect(server.asked.length).toBeLessThanOrEqual(4)
  })

  it('begins no call while the run is paused, keeps the answers of those in flight, and goes on with all of them', async () => {
    isHeld = true
    let pause: { readonly over: Promise<void>; readonly end: () => void } | null = null
    const book = bookOn(await openOne(70), { pause: () => pause?.over ?? null })
    const asking = [1, 2, 3, 4, 5, 6].map((row) => askRow(book, row))
    await until(() => held.length === 4)
    let end: () => void = () => undefined
    const over = new Promise<void>((resolve) => (end = resolve))
    pause = { over, end }
    asking.push(askRow(book, 7))
    for (const letGo of held.splice(0)) letGo()
    await Promise.all(asking.slice(0, 4))
    await new Promise((resolve) => setTimeout(resolve, 50))
    // Those that waited for a slot gave it up, so that others may go.
    expect(models.limits()[0]).toMatchObject({ inFlight: 0, waiting: 0 })
    expect(book.callsInFlight()).toBe(0)
    expect(server.asked.length).toBe(4)
    isHeld = false
    pause = null
    end()
    await Promise.all(asking)
    expect(server.asked.length).toBe(7)
  })

  it('ends calls that wait for the end of a pause when it is stopped', async () => {
    const never = new Promise<void>(() => undefined)
    const book = bookOn(await openOne(71), { pause: () => never })
    const asking = askRow(book, 1)
    stop.abort(new Error('stopped'))
    await expect(asking).rejects.toThrow('stopped')
    expect(server.asked.length).toBe(0)
  })
})
