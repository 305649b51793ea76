/**
 * A row's model columns once more, with the answers that are on record in place of models: the generators themselves render the prompts,
 * read the answers and ask again, so that what is shown is what was done. Nothing is called.
 */
import type { CellGenerator, CellPorts, CellRow } from '../../columns/generator.ts'
import { NO_MEDIA } from '../../columns/media/cell-media.ts'
import { isParquetryError } from '../../errors.ts'
import type { ChatMessage, ChatRequest } from '../../model/client.ts'
import type { Random } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import { toolCallKey } from '../journal/answer-key.ts'
import type { JournalEntry } from '../journal/journal-lines.ts'

/** One request of a cell, and what is on record of its answer. */
export interface ReplayedCall {
  readonly alias: string
  /** Fresh conversations, correction rounds and turns of tool calls before it. */
  readonly restart: number
  readonly step: number
  readonly turn: number
  readonly messages: readonly ChatMessage[]
  readonly temperature: number | null
  readonly topP: number | null
  readonly maxTokens: number | null
  /** Null when it was not kept. */
  readonly entry: JournalEntry | null
}

/** A column of the row, replayed. */
export interface ReplayedColumn {
  readonly column: string
  readonly calls: readonly ReplayedCall[]
  /** Why it could not be replayed to its end; null when it was. */
  readonly note: string | null
}

/** What a replay goes by. */
export interface Replay {
  readonly generators: readonly CellGenerator[]
  readonly random: Random
  readonly row: number
  readonly refill: number
  /** The row's values. Those of a finished row are all there; else what is replayed is added. */
  readonly values: Record<string, Value>
  readonly entries: readonly JournalEntry[]
  /** The request as it was sent, with the parameters that are drawn for it. */
  readonly asSent: (alias: string, request: ChatRequest, place: CellPlace) => ChatRequest
}

/** Where a request belongs. */
export interface CellPlace {
  readonly row: number
  readonly column: string
  readonly refill: number
  readonly restart: number
  readonly step: number
  readonly turn?: number
}

/** Ends a cell whose answer is not on record. */
class NotKept extends Error {}

/** Replays the columns that asked somebody, in the order of their needs. */
export async function replayRow(replay: Replay): Promise<readonly ReplayedColumn[]> {
  const columns: ReplayedColumn[] = []
  // Of the whole row: a column that needs a skipped one is skipped too.
  const skipped = new Set<string>()
  const isMissing = (input: string): boolean => !Object.hasOwn(replay.values, input)
  for (const generator of replay.generators) {
    const missing = generator.inputs.filter(isMissing)
    const calls: ReplayedCall[] = []
    if (missing.length > 0) {
      if (!generator.isSync) columns.push({ column: generator.column, calls, note: `${missing.join(', ')} not known` })
      continue
    }
    const note = await replayCell(replay, generator, { calls, skipped })
    if (!generator.isSync) columns.push({ column: generator.column, calls, note })
  }
  return columns
}

async function replayCell(
  replay: Replay,
  generator: CellGenerator,
  { calls, skipped }: { readonly calls: ReplayedCall[]; readonly skipped: Set<string> },
): Promise<string | null> {
  try {
    const made = await generator.generate(viewOf(replay, generator.column, skipped), portsOf(replay, generator.column, calls))
    if (!Object.hasOwn(replay.values, generator.column)) replay.values[generator.column] = made
    return null
  } catch (error) {
    if (error instanceof NotKept) return null
    if (isParquetryError(error)) return `${error.code}: ${error.message}`
    return error instanceof Error ? error.message : String(error)
  }
}

function viewOf({ row, refill, values, random }: Replay, column: string, skipped: Set<string>): CellRow {
  return {
    rowIndex: row,
    refill,
    get: (name) => (Object.hasOwn(values, name) ? (values[name] ?? null) : null),
    random: (purpose = 'cell') => random.stream(column, row, refill, 0, purpose),
    setSideEffect(name, value): void {
      if (!Object.hasOwn(values, name)) values[name] = value
    },
    isSkipped: (name) => skipped.has(name),
    markSkipped: (names) => names.forEach((name) => skipped.add(name)),
  }
}

function portsOf({ row, refill, entries, asSent }: Replay, column: string, calls: ReplayedCall[]): CellPorts {
  const ofCell = entries.filter((entry) => entry.row === row && entry.column === column && entry.refill === refill)
  const signal = new AbortController().signal
  return {
    signal,
    media: NO_MEDIA,
    async ask(alias, asked, ordinal) {
      const place = { row, column, refill, ...ordinal }
      const { restart, step, turn = 0 } = place
      const request = asSent(alias, asked, place)
      const entry = ofCell.find((kept) => isAt(kept, { restart, step, turn })) ?? null
      const { messages, temperature = null, topP = null, maxTokens = null } = request
      calls.push({ alias, restart, step, turn, messages, temperature, topP, maxTokens, entry })
      if (entry === null || entry.answer.refused !== undefined) throw new NotKept()
      return entry.answer
    },
    tools: {
      list: async () => toolNames(ofCell).map((name) => ({ name, description: '', parameters: {} })),
      async call(_alias, call, ordinal) {
        const key = toolCallKey(call, { row, column, refill, ...ordinal })
        const found = ofCell.find(({ k }) => k === key)
        if (found === undefined) throw new NotKept()
        return found.answer.content
      },
    },
    checkCode: () => Promise.reject(new NotKept()),
    validate: () => Promise.reject(new NotKept()),
    together: () => Promise.reject(new NotKept()),
  }
}

/** What a tool or a validator said is no answer of a model. */
function isAt(entry: JournalEntry, { restart, step, turn }: { restart: number; step: number; turn: number }): boolean {
  if (entry.answer.tool !== undefined || entry.answer.finishReason === 'judged') return false
  return entry.restart === restart && entry.step === step && (entry.turn ?? 0) === turn
}

/** The tools that were called. Where none was, one stands for those that were offered. */
function toolNames(entries: readonly JournalEntry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ answer }) => answer.toolCalls?.map(({ name }) => name) ?? [])), '(offered)']
}
