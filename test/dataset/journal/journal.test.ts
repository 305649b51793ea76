import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerKey, openJournal, removeJournals } from '../../../src/dataset/journal/journal.ts'
import type { AnswerPlace, Journal } from '../../../src/dataset/journal/journal.ts'
import { configMark, readLines, toLine } from '../../../src/dataset/journal/journal-lines.ts'
import { keys } from '../../../src/dataset/layout.ts'
import type { ChatAnswer, ChatRequest } from '../../../src/model/client.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'

const FINGERPRINT = `sha256:${'a'.repeat(64)}`
const facts = { mark: configMark(FINGERPRINT), at: 5 }
const placeOf = (row: number): AnswerPlace => ({ row, column: 'c', refill: 0, restart: 0, step: 0 })
const requestOf = (row: number): ChatRequest => ({ model: 'm', messages: [{ role: 'user', content: `row ${row}` }] })
const keyOf = (row: number): string => answerKey(requestOf(row), placeOf(row))
const answerOf = (content: string, tokens = 1): ChatAnswer => ({
  content,
  finishReason: 'stop',
  usage: { inputTokens: tokens, outputTokens: 2 * tokens },
})
const textOf = async (storage: Storage, key: string): Promise<string> => new TextDecoder().decode((await storage.read(key)) ?? undefined)
const journalOf = (storage: Storage, attempt: number, now?: () => number): Promise<Journal> =>
  openJournal(storage, 4, { runId: 'run', attempt, fingerprint: FINGERPRINT, ...(now === undefined ? {} : { now }) })
const fileOf = (attempt: number): string => keys.journal(4, { runId: 'run', attempt })

/** A journal of one attempt with an answer for each row. */
async function written(contents: readonly string[]): Promise<Storage> {
  const storage = createMemoryStorage()
  const journal = await journalOf(storage, 1)
  for (const [row, content] of contents.entries()) await journal.record(keyOf(row), placeOf(row), answerOf(content))
  await journal.close()
  return storage
}

describe('a journal', () => {
  it('has no file before the first answer', async () => {
    const storage = createMemoryStorage()
    const journal = await journalOf(storage, 1)
    expect(journal.lookup(keyOf(0))).toBeUndefined()
    await journal.close()
    expect(await storage.list('journal')).toEqual([])
  })

  it('gives every answer back, to this attempt and to the next', async () => {
    const answer: ChatAnswer = { ...answerOf('a\n"😀"\u2028\0', 5), reasoning: 'because', finishReason: 'length', rehearsal: true }
    const storage = createMemoryStorage()
    const first = await journalOf(storage, 1)
    await first.record(keyOf(0), placeOf(0), answer, 'http://127.0.0.1:1/v1')
    expect(first.lookup(keyOf(0))).toEqual(answer)
    await first.close()
    const second = await journalOf(storage, 2)
    expect(second.lookup(keyOf(0))).toEqual(answer)
    expect(second.size).toBe(1)
    expect(second.usage()).toEqual({ calls: 1, inputTokens: 5, outputTokens: 10 })
    expect(await textOf(storage, fileOf(1))).toContain('"endpoint":"http://127.0.0.1:1/v1"')
  })

  it('writes no answer of another row group and reads none', async () => {
    const storage = await written(['a'])
    const other = await openJournal(storage, 40, { runId: 'run', attempt: 1, fingerprint: FINGERPRINT })
    expect(other.size).toBe(0)
  })

  it('merges the files of all attempts, and of two answers to one call takes the older for good', async () => {
    const storage = createMemoryStorage()
    const slow = await journalOf(storage, 1, () => 200)
    const fast = await journalOf(storage, 2, () => 100)
    await slow.record(keyOf(0), placeOf(0), answerOf('later', 7))
    await fast.record(keyOf(0), placeOf(0), answerOf('earlier', 3))
    await slow.record(keyOf(1), placeOf(1), answerOf('only slow'))
    await fast.record(keyOf(2), placeOf(2), answerOf('only fast'))
    await slow.close()
    await fast.close()
    const merged = await journalOf(storage, 3)
    expect([0, 1, 2].map((row) => merged.lookup(keyOf(row))?.content)).toEqual(['earlier', 'only slow', 'only fast'])
    expect(merged.usage()).toEqual({ calls: 3, inputTokens: 5, outputTokens: 10 })
    expect(await merged.usagePaidTwice()).toEqual({ calls: 1, inputTokens: 7, outputTokens: 14 })
  })

  it('counts what is paid twice while it is open, and keeps the first answer', async () => {
    const journal = await journalOf(createMemoryStorage(), 1)
    await journal.record(keyOf(0), placeOf(0), answerOf('first'))
    await journal.record(keyOf(0), placeOf(0), answerOf('second'))
    expect(journal.lookup(keyOf(0))?.content).toBe('first')
    expect(journal.usage().calls).toBe(1)
    expect((await journal.usagePaidTwice()).calls).toBe(1)
  })

  it('counts what another attempt paid beside it since it was opened', async () => {
    const storage = createMemoryStorage()
    const cutOff = await journalOf(storage, 1, () => 10)
    await cutOff.record(keyOf(0), placeOf(0), answerOf('before'))
    const successor = await journalOf(storage, 2, () => 20)
    expect((await successor.usagePaidTwice()).calls).toBe(0)
    await successor.record(keyOf(1), placeOf(1), answerOf('once'))
    await successor.record(keyOf(2), placeOf(2), answerOf('here', 3))
    await cutOff.record(keyOf(2), placeOf(2), answerOf('and there', 4))
    expect(await successor.usagePaidTwice()).toEqual({ calls: 1, inputTokens: 3, outputTokens: 6 })
    expect(successor.lookup(keyOf(2))?.content).toBe('here')
  })

  it('never gives an answer to another config, even to the very same request', async () => {
    const storage = createMemoryStorage()
    const rehearsed = await openJournal(storage, 4, { runId: 'run', attempt: 1, fingerprint: `sha256:${'b'.repeat(64)}` })
    await rehearsed.record(keyOf(0), placeOf(0), answerOf('from a rehearsal'))
    await rehearsed.close()
    const journal = await journalOf(storage, 2)
    expect(journal.lookup(keyOf(0))).toBeUndefined()
    expect(journal.size).toBe(0)
    await journal.record(keyOf(0), placeOf(0), answerOf('from the model'))
    expect((await journalOf(storage, 3)).lookup(keyOf(0))?.content).toBe('from the model')
    expect((await journal.usagePaidTwice()).calls).toBe(0)
  })

  it('hands its sync time to the storage', async () => {
    const asked: unknown[] = []
    for (const syncMs of [0, 250]) {
      const storage = createMemoryStorage()
      const watched: Storage = Object.assign(Object.create(storage) as Storage, {
        list: (key: string) => storage.list(key),
        openAppend: (key: string, options: unknown) => {
          asked.push(options)
          return storage.openAppend(key)
        },
      })
      const journal = await openJournal(watched, 4, { runId: 'run', attempt: 1, fingerprint: FINGERPRINT, syncMs })
      await journal.record(keyOf(0), placeOf(0), answerOf('x'))
    }
    expect(asked).toEqual([{ syncMs: 0 }, { syncMs: 250 }])
  })

  it('loses at most the last answer to a kill, whichever byte was the last to reach the disk', async () => {
    const storage = await written(['first', 'second ü', 'third 😀'])
    const bytes = (await storage.read(fileOf(1))) as Uint8Array
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1
    expect(lastLine).toBeGreaterThan(0)
    for (let length = lastLine; length <= bytes.length; length += 1) {
      const torn = createMemoryStorage()
      await torn.writeAtomic(fileOf(1), bytes.subarray(0, length))
      const journal = await journalOf(torn, 2)
      expect(journal.lookup(keyOf(0))?.content).toBe('first')
      expect(journal.lookup(keyOf(1))?.content).toBe('second ü')
      const isWhole = length >= bytes.length - 1
      expect(journal.lookup(keyOf(2))?.content).toBe(isWhole ? 'third 😀' : undefined)
      expect(journal.damagedLines).toBe(0)
    }
  })

  it('goes on behind a torn line of its own file', async () => {
    const storage = await written(['first', 'second'])
    const bytes = (await storage.read(fileOf(1))) as Uint8Array
    await storage.writeAtomic(fileOf(1), bytes.subarray(0, bytes.length - 20))
    const journal = await journalOf(storage, 1)
    expect(journal.size).toBe(1)
    await Promise.all([2, 3].map((row) => journal.record(keyOf(row), placeOf(row), answerOf(`row ${row}`))))
    await journal.record(keyOf(4), placeOf(4), answerOf('row 4'))
    await journal.close()
    const next = await journalOf(storage, 2)
    expect([0, 1, 2, 3, 4].map((row) => next.lookup(keyOf(row))?.content)).toEqual(['first', undefined, 'row 2', 'row 3', 'row 4'])
  })

  it('never takes a damaged line for an answer, and loses no other', async () => {
    const storage = await written(['first', 'second ü', 'third'])
    const bytes = (await storage.read(fileOf(1))) as Uint8Array
    const middle = bytes.indexOf(10) + 1
    const end = bytes.indexOf(10, middle)
    for (let at = middle; at < end; at += 1) {
      for (const flip of [0x01, 0x20, 0x80, 0xff]) {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] as number) ^ flip
        await storage.writeAtomic(fileOf(1), damaged)
        const journal = await journalOf(storage, 2)
        expect(journal.lookup(keyOf(0))?.content).toBe('first')
        expect(journal.lookup(keyOf(1))).toBeUndefined()
        expect(journal.lookup(keyOf(2))?.content).toBe('third')
        expect(journal.size).toBe(2)
        expect(journal.damagedLines).toBeGreaterThanOrEqual(1)
      }
    }
  })

  it('reads whatever is whole of any bytes', () => {
    const good = toLine('k', placeOf(1), answerOf('good'), facts)
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constant(good),
            fc.string({ unit: 'binary' }).map((junk) => `${junk}\n`),
          ),
          { maxLength: 8 },
        ),
        fc.uint8Array(),
        (lines, tail) => {
          const bytes = Buffer.concat([Buffer.from(lines.join('')), tail])
          expect(readLines(bytes).entries.length).toBe(lines.filter((line) => line === good).length)
        },
      ),
    )
  })

  it('does not take valid JSON with a valid checksum for an answer when it is none', async () => {
    const line = toLine('k', placeOf(1), { content: 'x' } as ChatAnswer, facts)
    expect(readLines(Buffer.from(line))).toMatchObject({ entries: [], damagedLines: 1 })
  })

  it('passes the disk fault on and keeps nothing that is not on disk', async () => {
    const storage = createMemoryStorage()
    const full: Storage = Object.assign(Object.create(storage) as Storage, {
      list: (key: string) => storage.list(key),
      openAppend: () => Promise.reject(Object.assign(new Error('full'), { code: 'DISK_FULL' })),
    })
    const journal = await journalOf(full, 1)
    await expect(journal.record(keyOf(0), placeOf(0), answerOf('x'))).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(journal.lookup(keyOf(0))).toBeUndefined()
    await journal.close()
  })

  it('takes nothing after it was closed, and closes twice without harm', async () => {
    const journal = await journalOf(createMemoryStorage(), 1)
    await journal.close()
    await journal.close()
    await expect(journal.record(keyOf(0), placeOf(0), answerOf('x'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('is removed with the files of all attempts, and no other', async () => {
    const storage = await written(['a'])
    await (await journalOf(storage, 2)).record(keyOf(1), placeOf(1), answerOf('b'))
    const other = await openJournal(storage, 5, { runId: 'run', attempt: 1, fingerprint: FINGERPRINT })
    await other.record(keyOf(2), placeOf(2), answerOf('c'))
    await removeJournals(storage, 4)
    expect(await storage.list('journal')).toEqual(['batch_00005.run.1.jsonl'])
    expect((await journalOf(storage, 3)).size).toBe(0)
  })
})
