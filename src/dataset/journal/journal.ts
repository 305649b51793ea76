/**
 * The journal of an open row group: every answered call, on disk before it is used, so that it is never asked twice.
 *
 * 1. Each attempt appends to its own file and reads the files of all attempts; none ever changes another's.
 * 2. Of two answers to one call (a partition paid twice) the older counts, for every later attempt alike.
 * 3. A line that is torn or damaged is no answer; nothing else is lost with it.
 * 4. An answer to another config is none, even where the request reads alike.
 */
import { ParquetryError } from '../../errors.ts'
import type { KeptAnswer } from '../../model/client.ts'
import type { AppendHandle, Storage } from '../../storage/storage.ts'
import type { AnswerPlace } from './answer-key.ts'
import { configMark, readLines, toLine } from './journal-lines.ts'
import type { JournalEntry } from './journal-lines.ts'
import { isJournalOf, keys } from '../layout.ts'
import type { Attempt } from '../ports.ts'

export { answerKey } from './answer-key.ts'
export type { AnswerPlace } from './answer-key.ts'

/** Calls and tokens; the journal knows no prices. */
export interface JournalUsage {
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
}

/** The answers of an open row group. */
export interface Journal {
  /** The answer to a call, or undefined when it was never answered. */
  lookup(key: string): KeptAnswer | undefined
  /**
   * Keeps an answer. Resolves when it is on disk: `write` has returned, and fsync too or it follows, as `syncMs` says. Throws
   * `DISK_FULL` or `STORAGE_FAILED`. `endpoint` says who answered; never with a secret.
   */
  record(key: string, place: AnswerPlace, answer: KeptAnswer, endpoint?: string): Promise<void>
  /** Different calls that are answered. */
  readonly size: number
  /** What all different answers used, those that could not be parsed included: they cost money. */
  usage(): JournalUsage
  /**
   * What was paid twice: other answers to calls that were answered already. Looks at the files again when another attempt has
   * written since: that is what an attempt cut off from the server paid beside this one.
   */
  usagePaidTwice(): Promise<JournalUsage>
  /** Lines that could not be read when the journal was opened; torn last lines are not counted. */
  readonly damagedLines: number
  /** Syncs and closes this attempt's file. Safe to repeat. */
  close(): Promise<void>
}

/** Settings of a journal. */
export interface JournalOptions extends Attempt {
  /** Config fingerprint `sha256:<hex>`: only answers to this config count. */
  readonly fingerprint: string
  /** Milliseconds between a write and its fsync, 0 for none: what a power cut may cost; a killed process costs nothing. Default 1,000. */
  readonly syncMs?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Opens the journal of a row group, with the answers of all attempts. This attempt's file is made with its first answer. */
export async function openJournal(storage: Storage, rowGroupId: number, options: JournalOptions): Promise<Journal> {
  const ownKey = keys.journal(rowGroupId, options)
  const mark = configMark(options.fingerprint)
  const found = await readJournals(storage, rowGroupId)
  const { answers, paid, paidTwice, take } = countAnswers(found.entries, mark)
  const now = options.now ?? Date.now
  let file: Promise<AppendHandle> | null = null
  let isTailTorn = found.torn.has(ownKey)
  let isClosed = false

  return {
    lookup: (key) => answers.get(key),
    async record(key, place, answer, endpoint) {
      if (isClosed) throw new ParquetryError('STORAGE_FAILED', `expected the journal ${ownKey} to be open, found it closed`)
      file ??= storage.openAppend(ownKey, options.syncMs === undefined ? {} : { syncMs: options.syncMs })
      // A handle that could not be opened is not kept: the next answer tries again.
      const handle = await file.catch((error: unknown) => {
        file = null
        throw error
      })
      const line = toLine(key, place, answer, { mark, at: now(), endpoint })
      await handle.append(isTailTorn ? `\n${line}` : line)
      isTailTorn = false
      take(key, answer)
    },
    get size() {
      return answers.size
    },
    usage: () => paid.total(),
    async usagePaidTwice() {
      if (!(await haveOthersWritten(storage, rowGroupId, ownKey, found.sizes))) return paidTwice.total()
      return countAnswers((await readJournals(storage, rowGroupId)).entries, mark).paidTwice.total()
    },
    damagedLines: found.damagedLines,
    async close() {
      isClosed = true
      await (await file?.catch(() => null))?.close()
    },
  }
}

/** All answers to this config in the files of a row group's journal, with the columns they are for; also those that were paid twice. */
export async function readAnswers(
  storage: Storage,
  rowGroupId: number,
  fingerprint: string,
): Promise<readonly { readonly column: string; readonly answer: KeptAnswer }[]> {
  const mark = configMark(fingerprint)
  const { entries } = await readJournals(storage, rowGroupId)
  return entries.filter(({ f }) => f === mark).map(({ column, answer }) => ({ column, answer }))
}

/** All lines of this config in the files of a row group's journal, in the order of their time. */
export async function readEntries(storage: Storage, rowGroupId: number, fingerprint: string): Promise<readonly JournalEntry[]> {
  const mark = configMark(fingerprint)
  return (await readJournals(storage, rowGroupId)).entries.filter(({ f }) => f === mark)
}

/** Removes the journals of a committed row group. */
export async function removeJournals(storage: Storage, rowGroupId: number): Promise<void> {
  for (const key of await journalKeysOf(storage, rowGroupId)) await storage.remove(key)
}

/** The files of a row group's journal, of all attempts. */
async function journalKeysOf(storage: Storage, rowGroupId: number): Promise<readonly string[]> {
  return (await storage.list(keys.journalFolder))
    .filter((name) => isJournalOf(rowGroupId, name))
    .map((name) => `${keys.journalFolder}/${name}`)
}

/** What the files of all attempts hold. */
interface JournalFiles {
  /** In the order of their time. */
  readonly entries: readonly JournalEntry[]
  readonly damagedLines: number
  /** Keys of files whose last line has no end. */
  readonly torn: ReadonlySet<string>
  /** Key → bytes read. */
  readonly sizes: ReadonlyMap<string, number>
}

async function readJournals(storage: Storage, rowGroupId: number): Promise<JournalFiles> {
  const entries: JournalEntry[] = []
  const torn = new Set<string>()
  const sizes = new Map<string, number>()
  let damagedLines = 0
  for (const key of await journalKeysOf(storage, rowGroupId)) {
    const bytes = (await storage.read(key)) ?? new Uint8Array()
    const content = readLines(bytes)
    entries.push(...(await withTheirImages(storage, rowGroupId, content.entries)))
    damagedLines += content.damagedLines
    sizes.set(key, bytes.length)
    if (content.isTorn) torn.add(key)
  }
  return { entries: entries.sort((a, b) => a.t - b.t), damagedLines, torn, sizes }
}

/** An answer whose pictures are gone is none: it has to be asked for again. */
async function withTheirImages(storage: Storage, rowGroupId: number, entries: readonly JournalEntry[]): Promise<readonly JournalEntry[]> {
  if (!entries.some(({ answer }) => answer.images !== undefined)) return entries
  const kept = new Set(await storage.list(keys.keptImages(rowGroupId)))
  return entries.filter(({ answer }) => answer.images?.every(({ file }) => kept.has(file)) ?? true)
}

async function haveOthersWritten(
  storage: Storage,
  rowGroupId: number,
  ownKey: string,
  sizes: ReadonlyMap<string, number>,
): Promise<boolean> {
  for (const key of await journalKeysOf(storage, rowGroupId)) {
    if (key !== ownKey && (await storage.stat(key))?.sizeBytes !== sizes.get(key)) return true
  }
  return false
}

/** Answers by key: the first of each counts, all others were paid twice. */
function countAnswers(entries: readonly JournalEntry[], mark: string) {
  const answers = new Map<string, KeptAnswer>()
  const paid = createUsageCount()
  const paidTwice = createUsageCount()
  function take(key: string, answer: KeptAnswer): void {
    const isNew = !answers.has(key)
    if (isNew) answers.set(key, answer)
    ;(isNew ? paid : paidTwice).add(answer)
  }
  for (const { k, f, answer } of entries) if (f === mark) take(k, answer)
  return { answers, paid, paidTwice, take }
}

function createUsageCount(): { add(answer: KeptAnswer): void; total(): JournalUsage } {
  let [calls, inputTokens, outputTokens] = [0, 0, 0]
  return {
    add({ usage, tool }): void {
      // What a tool came to is kept like an answer, but no model was asked.
      if (tool === undefined) calls += 1
      inputTokens += usage.inputTokens
      outputTokens += usage.outputTokens
    },
    total: () => ({ calls, inputTokens, outputTokens }),
  }
}
