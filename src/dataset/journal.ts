/**
 * The journal of an open row group: every answered call, on disk before it is used, so that it is never asked twice.
 *
 * 1. Each attempt appends to its own file and reads the files of all attempts; none ever changes another's.
 * 2. Of two answers to one call (a partition paid twice) the older counts, for every later attempt alike.
 * 3. A line that is torn or damaged is no answer; nothing else is lost with it.
 */
import { ParquetryError } from '../errors.ts'
import type { ChatAnswer } from '../model/client.ts'
import type { AppendHandle, Storage } from '../storage/storage.ts'
import type { AnswerPlace } from './answer-key.ts'
import { readLines, toLine } from './journal-lines.ts'
import type { JournalEntry } from './journal-lines.ts'
import { isJournalOf, keys } from './layout.ts'
import type { Attempt } from './ports.ts'

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
  lookup(key: string): ChatAnswer | undefined
  /**
   * Keeps an answer. Resolves when it is on disk: `write` has returned, fsync follows. Throws `DISK_FULL` or `STORAGE_FAILED`.
   * `endpoint` says who answered; never with a secret.
   */
  record(key: string, place: AnswerPlace, answer: ChatAnswer, endpoint?: string): Promise<void>
  /** Different calls that are answered. */
  readonly size: number
  /** What all different answers used, those that could not be parsed included: they cost money. */
  usage(): JournalUsage
  /** What was paid twice: other answers to calls that were answered already. */
  usagePaidTwice(): JournalUsage
  /** Lines that could not be read when the journal was opened; torn last lines are not counted. */
  readonly damagedLines: number
  /** Syncs and closes this attempt's file. Safe to repeat. */
  close(): Promise<void>
}

/** Settings of a journal. */
export interface JournalOptions extends Attempt {
  /** Milliseconds between a write and its fsync. Default 1,000. */
  readonly syncMs?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Opens the journal of a row group, with the answers of all attempts. This attempt's file is made with its first answer. */
export async function openJournal(storage: Storage, rowGroupId: number, options: JournalOptions): Promise<Journal> {
  const ownKey = keys.journal(rowGroupId, options)
  const answers = new Map<string, ChatAnswer>()
  const paid = createUsageCount()
  const paidTwice = createUsageCount()
  const { entries, damagedLines, isOwnFileTorn } = await readJournals(storage, rowGroupId, ownKey)
  const now = options.now ?? Date.now
  let file: Promise<AppendHandle> | null = null
  let isTailTorn = isOwnFileTorn
  let isClosed = false

  function take(key: string, answer: ChatAnswer): void {
    const isNew = !answers.has(key)
    if (isNew) answers.set(key, answer)
    ;(isNew ? paid : paidTwice).add(answer)
  }

  for (const { k, answer } of entries) take(k, answer)

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
      const line = toLine(key, place, answer, now(), endpoint)
      await handle.append(isTailTorn ? `\n${line}` : line)
      isTailTorn = false
      take(key, answer)
    },
    get size() {
      return answers.size
    },
    usage: () => paid.total(),
    usagePaidTwice: () => paidTwice.total(),
    damagedLines,
    async close() {
      isClosed = true
      await (await file?.catch(() => null))?.close()
    },
  }
}

/** Removes the journals of a committed row group. */
export async function removeJournals(storage: Storage, rowGroupId: number): Promise<void> {
  for (const name of await storage.list(keys.journalFolder)) {
    if (isJournalOf(rowGroupId, name)) await storage.remove(`${keys.journalFolder}/${name}`)
  }
}

async function readJournals(
  storage: Storage,
  rowGroupId: number,
  ownKey: string,
): Promise<{ entries: readonly JournalEntry[]; damagedLines: number; isOwnFileTorn: boolean }> {
  const entries: JournalEntry[] = []
  let damagedLines = 0
  let isOwnFileTorn = false
  for (const name of await storage.list(keys.journalFolder)) {
    if (!isJournalOf(rowGroupId, name)) continue
    const key = `${keys.journalFolder}/${name}`
    const content = readLines((await storage.read(key)) ?? new Uint8Array())
    for (const entry of content.entries) entries.push(entry)
    damagedLines += content.damagedLines
    if (key === ownKey) isOwnFileTorn = content.isTorn
  }
  return { entries: entries.sort((a, b) => a.t - b.t), damagedLines, isOwnFileTorn }
}

function createUsageCount(): { add(answer: ChatAnswer): void; total(): JournalUsage } {
  let [calls, inputTokens, outputTokens] = [0, 0, 0]
  return {
    add({ usage }): void {
      calls += 1
      inputTokens += usage.inputTokens
      outputTokens += usage.outputTokens
    },
    total: () => ({ calls, inputTokens, outputTokens }),
  }
}
