/** Reads what a report shows from a dataset's folder: a page of receipts in memory at a time, and a few records. Needs no server. */
import { asksModel } from '../../config/model-columns.ts'
import type { CompiledDataset, CompiledModel } from '../../config/compiled.ts'
import { isParquetryError } from '../../errors.ts'
import { maxDroppedRows } from '../../plan/max-dropped.ts'
import { rowGroupCount, rowGroupsOf } from '../../plan/row-groups.ts'
import type { ModelFacts, OutputFacts, ReportFacts } from '../../report/facts.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import type { Metadata } from '../metadata.ts'
import { reportStateOf } from '../profile/profile-due.ts'
import { readReceipt } from '../read-receipt.ts'
import { readRow, requireMetadata } from '../read-rows.ts'
import { tryReadJson } from '../stored-files.ts'
import { columnFactsOf, judgeFactsOf } from './column-facts.ts'

const PAGE_SIZE = 1_000
const READS_AT_ONCE = 32
/** Records shown, at equal distances, and rows looked at to find one that was written. */
const EXAMPLES = 5
const TRIES = 4
const DROPPED_ROWS = 20
/** Files of an output whose sizes are looked at. */
const SIZED_FILES = 500

/** All facts. Throws `DATASET_NOT_FOUND`, errors of the storage, or the signal's reason. */
export async function readReportFacts(storage: Storage, compiled: CompiledDataset, signal?: AbortSignal): Promise<ReportFacts> {
  const metadata = await requireMetadata(storage)
  const { parquetry } = metadata
  const config = await storage.read(keys.builderConfig)
  return {
    name: metadata.dataset_name,
    state: reportStateOf(metadata, compiled.policies),
    rehearsal: parquetry.rehearsal,
    rowsWanted: metadata.target_num_records,
    maxDropped: maxDroppedRows(compiled.policies.maxDropped, metadata.target_num_records),
    totals: parquetry.totals,
    rowGroupsWanted: rowGroupCount(parquetry.segments),
    rowGroupSize: metadata.buffer_size,
    currency: parquetry.currency,
    seed: parquetry.seed,
    fingerprint: parquetry.fingerprint.hash,
    datasetId: parquetry.dataset_id,
    referenceTime: parquetry.reference_time,
    createdAt: await createdAt(storage),
    ...(await receiptFacts(storage, metadata, signal)),
    models: modelFactsOf(compiled),
    summariesUsage: parquetry.summaries_usage ?? null,
    columns: columnFactsOf(compiled, metadata.column_statistics ?? []),
    droppedColumns: droppedColumnsOf(compiled),
    examples: await exampleRows(storage, metadata, signal),
    judges: judgeFactsOf(compiled, metadata.column_profiles ?? []),
    outputs: await outputFacts(storage, compiled),
    config: config === null ? '' : new TextDecoder().decode(config),
  }
}

async function createdAt(storage: Storage): Promise<string | null> {
  const identity = await tryReadJson(storage, keys.identity)
  const at = typeof identity === 'object' ? (identity as { readonly created_at?: unknown }).created_at : undefined
  return typeof at === 'string' ? at : null
}

type ReceiptFacts = Pick<ReportFacts, 'sizeBytes' | 'writtenFrom' | 'writtenTo' | 'runs' | 'droppedRows'>

/** What stands in the row groups' footers, and how large the files are. */
async function receiptFacts(storage: Storage, { parquetry: { segments } }: Metadata, signal?: AbortSignal): Promise<ReceiptFacts> {
  const total = rowGroupCount(segments)
  const droppedRows: ReceiptFacts['droppedRows'][number][] = []
  const runs = new Set<string>()
  let sizeBytes = 0
  let [from, to]: [string | null, string | null] = [null, null]
  for (let firstId = 0; firstId < total; firstId += PAGE_SIZE) {
    signal?.throwIfAborted()
    const page = [...rowGroupsOf(segments, firstId, Math.min(total, firstId + PAGE_SIZE))]
    const read = await mapBounded(page, READS_AT_ONCE, async ({ id }) => {
      const key = keys.rowGroup(id)
      const size = (await storage.stat(key))?.sizeBytes ?? 0
      return { size, reading: size === 0 ? null : await readReceipt(storage, key) }
    })
    for (const { size, reading } of read) {
      sizeBytes += size
      if (reading?.kind !== 'receipt') continue
      const { dropped, writtenBy } = reading.receipt
      runs.add(writtenBy.runId)
      if (from === null || writtenBy.at < from) from = writtenBy.at
      if (to === null || writtenBy.at > to) to = writtenBy.at
      for (const { row, column, code, reason } of dropped)
        if (droppedRows.length < DROPPED_ROWS) droppedRows.push({ row, column, code, reason })
    }
  }
  return { sizeBytes, writtenFrom: from, writtenTo: to, runs: runs.size, droppedRows }
}

/** Records at equal distances; of a row that was dropped, the next one. */
async function exampleRows(
  storage: Storage,
  { target_num_records: wanted }: Metadata,
  signal?: AbortSignal,
): Promise<ReportFacts['examples']> {
  const examples: ReportFacts['examples'][number][] = []
  const shown = Math.min(EXAMPLES, wanted)
  for (let index = 0; index < shown; index += 1) {
    signal?.throwIfAborted()
    const first = Math.floor((index * wanted) / shown)
    const end = Math.min(Math.floor(((index + 1) * wanted) / shown), first + TRIES)
    for (let row = first; row < end; row += 1) {
      const values = await valuesOf(storage, row)
      if (values === null) continue
      examples.push({ row, values })
      break
    }
  }
  return examples
}

/** Null for a row that is in no file, or in one that is damaged: `verify` speaks of that. */
async function valuesOf(storage: Storage, row: number): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const found = await readRow(storage, row)
    return found.kind === 'written' ? found.values : null
  } catch (error) {
    if (isParquetryError(error) && error.code === 'DATASET_DAMAGED') return null
    throw error
  }
}

function droppedColumnsOf({ columns, schema }: CompiledDataset): readonly string[] {
  const kept = new Set(schema.map(({ name }) => name))
  // The hidden id of a config of model columns only is no column of anybody's.
  return columns.map(({ name }) => name).filter((name) => !kept.has(name) && name !== '_internal_row_id')
}

function modelFactsOf({ columns, profilers, models }: CompiledDataset): readonly ModelFacts[] {
  return Object.entries(models).map(([alias, { target, price }]) => {
    const asking = columns.filter((column) => asksModel(column) && column.model_alias === alias).map(({ name }) => name)
    const isSummarising = profilers.some((profiler) => profiler.model_alias === alias && profiler.summary_score_sample_size !== null)
    const standsInFor = Object.entries(models).flatMap(([other, { fallbacks = [] }]) =>
      fallbacks.includes(alias) ? [`fallback of ${other}`] : [],
    )
    return {
      alias,
      model: target.model,
      provider: target.provider.name,
      askedBy: [...asking, ...(isSummarising ? ['summaries of judge scores'] : []), ...standsInFor],
      price: priceText(price),
    }
  })
}

function priceText(price: CompiledModel['price']): string | null {
  return price === null ? null : `${price.inputPerMillion} in, ${price.outputPerMillion} out per million tokens (${price.currency})`
}

async function outputFacts(
  storage: Storage,
  { processors, datasetProcessors, policies, droppedSchema }: CompiledDataset,
): Promise<readonly OutputFacts[]> {
  const kindOf = new Map<string, string>([...processors, ...datasetProcessors].map(({ name, processor_type: type }) => [name, type]))
  const names = (await storage.list(keys.processorsFolder)).map((name) => name.replace(/\/$/, '')).filter((name) => !name.startsWith('.'))
  const outputs: OutputFacts[] = []
  for (const name of names) outputs.push(await outputOf(storage, `${keys.processorsFolder}/${name}`, kindOf.get(name) ?? 'processor'))
  if (policies.preserveDroppedColumns && droppedSchema.length > 0)
    outputs.push(await outputOf(storage, keys.droppedColumnsFolder, 'columns that were dropped'))
  return outputs
}

async function outputOf(storage: Storage, folder: string, kind: string): Promise<OutputFacts> {
  const files = await filesBelow(storage, folder)
  const sizes =
    files.length > SIZED_FILES ? null : await mapBounded(files, READS_AT_ONCE, async (key) => (await storage.stat(key))?.sizeBytes ?? 0)
  return {
    name: folder,
    kind,
    files: files.length,
    sizeBytes: sizes === null ? null : sizes.reduce((sum, size) => sum + size, 0),
    examples: files.slice(0, 3).map((key) => key.slice(folder.length + 1)),
  }
}

async function filesBelow(storage: Storage, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await storage.list(folder)) {
    if (name.startsWith('.')) continue
    if (name.endsWith('/')) found.push(...(await filesBelow(storage, `${folder}/${name.slice(0, -1)}`)))
    else found.push(`${folder}/${name}`)
  }
  return found
}
