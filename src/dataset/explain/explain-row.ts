/** Where a row came from: its values, the prompts, the answers on record, what they cost, and which run wrote it. Reads only. */
import { withDrawnParameters } from '../../columns/inference-parameters.ts'
import type { CompiledModel } from '../../config/compiled.ts'
import type { RowGroup, Usage } from '../../contract.ts'
import { addUsage, NO_USAGE } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import { readTable } from '../../parquet/read-table.ts'
import { costOf } from '../../plan/pricing.ts'
import { rowGroupOfRow } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Value } from '../../values.ts'
import { readEntries } from '../journal/journal.ts'
import type { JournalEntry } from '../journal/journal-lines.ts'
import { keys } from '../layout.ts'
import type { OpenDataset } from '../open-dataset.ts'
import type { FoundRow } from '../read-rows.ts'
import { readRow } from '../read-rows.ts'
import type { DroppedRow, Receipt } from '../receipt.ts'
import { withSeedRows } from '../seed/seed-rows.ts'
import { sourceOf } from '../source-of.ts'
import type { ReplayedCall, ReplayedColumn } from './replay-row.ts'
import { replayRow } from './replay-row.ts'
import { readTraces } from './traces.ts'

/** A request of the row and its answer. */
export interface ExplainedCall extends ReplayedCall {
  /** The model that was asked, or that answered in its place. */
  readonly model: string
  readonly provider: string
  /** In the currency of the config's prices; null without an answer on record. */
  readonly cost: number | null
}

/** A column that asked somebody. */
export interface ExplainedColumn extends Omit<ReplayedColumn, 'calls'> {
  readonly calls: readonly ExplainedCall[]
}

/** Where a row came from. */
export interface RowExplanation {
  readonly location: string
  readonly row: number
  readonly rowGroup: RowGroup
  /** `open`: not committed, with answers in the journal; `missing`: not begun; `unknown`: DataDesigner did not say which rows it lacks. */
  readonly state: 'written' | 'dropped' | 'open' | 'missing' | 'unknown'
  /** Which try at the row this is, from 0. */
  readonly refill: number
  readonly seed: string
  /** Why it was dropped, or null. */
  readonly drop: DroppedRow | null
  /** Which run and attempt wrote it; null for a row that is not written, or was written by DataDesigner. */
  readonly writtenBy: Receipt['writtenBy'] | null
  /** Repairs of its row group, each of which wrote the file anew. */
  readonly generation: number
  readonly rehearsal: boolean
  /** Columns that no model makes: sampled, of the seed data, computed. */
  readonly given: Readonly<Record<string, Value>>
  /** All others. */
  readonly made: Readonly<Record<string, Value>>
  readonly columns: readonly ExplainedColumn[]
  /** Where the answers were found; null when none is on record. */
  readonly answersFrom: 'traces' | 'journal' | null
  /** Of all answers on record for this row, those of other tries included. */
  readonly usage: Usage
}

/** Explains a row. Throws `USAGE` for an index outside, `DATASET_DAMAGED`. */
export async function explainRow(dataset: OpenDataset, row: number): Promise<RowExplanation> {
  const { storage, segments } = dataset
  const found = await readRow(storage, row)
  const rowGroup = rowGroupOfRow(segments, row)
  const kept = await recordOf(dataset, rowGroup.id, row)
  const refill = refillOf(found, kept.entries)
  const values = await valuesOf(dataset, found, rowGroup, refill)
  const columns = await replayRow({
    generators: dataset.generators,
    random: dataset.random,
    row,
    refill,
    values,
    entries: kept.entries,
    asSent: (alias, request, place) => withDrawnParameters(request, modelOf(dataset, alias), place, dataset.random),
  })
  const receipt = found.kind === 'written' ? found.receipt : null
  const asking = new Set(
    dataset.generators.filter(({ isSync }) => !isSync).flatMap(({ column, sideEffects = [] }) => [column, ...sideEffects]),
  )
  const part = (isMade: boolean): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => asking.has(name) === isMade))
  return {
    location: storage.describe(),
    row,
    rowGroup,
    state: found.kind === 'missing' && kept.entries.length > 0 ? 'open' : found.kind,
    refill,
    seed: dataset.seed,
    drop: found.kind === 'dropped' ? found.drop : null,
    writtenBy: receipt?.writtenBy ?? null,
    generation: receipt?.generation ?? 0,
    rehearsal: receipt?.rehearsal ?? kept.entries.some(({ answer }) => answer.rehearsal === true),
    given: part(false),
    made: part(true),
    columns: columns.map((column) => ({ ...column, calls: column.calls.map((call) => explained(dataset, call)) })),
    answersFrom: kept.entries.length === 0 ? null : kept.from,
    usage: kept.entries.reduce((sum, entry) => addUsage(sum, usageOf(dataset, columns, entry)), NO_USAGE),
  }
}

function modelOf({ compiled }: OpenDataset, alias: string): CompiledModel {
  const model = compiled.models[alias]
  if (model === undefined) throw new ParquetryError('INTERNAL', `no compiled model for the alias ${alias}`)
  return model
}

/** The answers for a row: an open row group's are in its journal, a committed one's where traces are kept. */
async function recordOf(
  { storage, ref }: OpenDataset,
  rowGroupId: number,
  row: number,
): Promise<{ readonly entries: readonly JournalEntry[]; readonly from: 'traces' | 'journal' }> {
  const ofRow = (entries: readonly JournalEntry[]): readonly JournalEntry[] => entries.filter((entry) => entry.row === row)
  const open = ofRow(await readEntries(storage, rowGroupId, ref.fingerprint))
  if (open.length > 0) return { entries: open, from: 'journal' }
  const traces = await readTraces(storage, rowGroupId)
  if (traces === null) {
    throw new ParquetryError(
      'DATASET_DAMAGED',
      `expected the answers of row group ${rowGroupId} in ${keys.traces(rowGroupId)}, found a file that cannot be read`,
      {
        wayOut: 'move the file away: rows and prompts can be told without it',
      },
    )
  }
  return { entries: ofRow(traces), from: 'traces' }
}

function refillOf(found: FoundRow, entries: readonly JournalEntry[]): number {
  if (found.kind === 'dropped') return found.drop.refill
  if (found.kind === 'written') return found.receipt?.refilled.find(([row]) => row === found.row)?.[1] ?? 0
  return Math.max(0, ...entries.map(({ refill }) => refill))
}

/** A written row's values are in its files, but for dropped ones that were not kept: these are drawn again, as all of another row are. */
async function valuesOf(dataset: OpenDataset, found: FoundRow, rowGroup: RowGroup, refill: number): Promise<Record<string, Value>> {
  if (found.kind === 'unknown') return {}
  if (found.kind === 'written') {
    const kept = { ...(await droppedValues(dataset.storage, found, rowGroup)), ...found.values }
    const isWhole = dataset.samplers.columns.every((name) => Object.hasOwn(kept, name))
    // Which try of DataDesigner's a row came from is not known.
    if (isWhole || found.receipt === null) return kept
    return { ...(await drawn(dataset, found.row, rowGroup, refill).catch(nothingDrawn)), ...kept }
  }
  return await drawn(dataset, found.row, rowGroup, refill).catch(nothingDrawn)
}

async function drawn(dataset: OpenDataset, row: number, rowGroup: RowGroup, refill: number): Promise<Record<string, Value>> {
  // Managed people are in the reach of workers; here they are only counted.
  if (Object.values(dataset.compiled.people).some(({ kind }) => kind === 'managed')) return {}
  const values: Record<string, Value> = {}
  const samplers = await withSeedRows(dataset, { start: rowGroup.start, end: rowGroup.end })
  samplers.sampleRow(row, refill, values)
  return values
}

/** What cannot be drawn on this machine is told as not known. */
function nothingDrawn(error: unknown): Record<string, Value> {
  if (isParquetryError(error)) return {}
  throw error
}

async function droppedValues(
  storage: Storage,
  { row, receipt }: Extract<FoundRow, { readonly kind: 'written' }>,
  rowGroup: RowGroup,
): Promise<Readonly<Record<string, Value>>> {
  const source = await sourceOf(storage, keys.sidecar(keys.droppedColumnsFolder, rowGroup.id))
  if (source === null) return {}
  const position = row - rowGroup.start - (receipt?.dropped.filter((dropped) => dropped.row < row).length ?? 0)
  const { table } = await readTable(source, { rowStart: position, rowEnd: position + 1 })
  return Object.fromEntries([...table.columns].map(([name, column]) => [name, column[0] ?? null]))
}

function explained(dataset: OpenDataset, call: ReplayedCall): ExplainedCall {
  const answered = modelOf(dataset, call.entry?.answer.answeredBy?.alias ?? call.alias)
  const { model, provider } = answered.target
  return { ...call, model, provider: provider.name, cost: call.entry === null ? null : costOf(call.entry.answer.usage, answered.price) }
}

/** An answer of another try has the same alias as its column's answers of this one. */
function usageOf(dataset: OpenDataset, columns: readonly ReplayedColumn[], { column, answer }: JournalEntry): Usage {
  if (answer.tool !== undefined || answer.finishReason === 'judged') return NO_USAGE
  const alias = answer.answeredBy?.alias ?? columns.find((replayed) => replayed.column === column)?.calls[0]?.alias
  const price = alias === undefined ? null : (dataset.compiled.models[alias]?.price ?? null)
  const { inputTokens, outputTokens } = answer.usage
  return { calls: 1, inputTokens, outputTokens, cost: costOf(answer.usage, price) }
}
