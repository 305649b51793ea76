/**
 * The commit of a repaired row group: the only change to a committed file (ruling 6).
 *
 * C1  At any moment the old or the new row group stands under its name: the one rename of the merged file is the commit.
 * C2  The rows that were there are carried over exactly; the merged file is read back and compared before it takes the old one's place.
 * C3  The old files stay, under second names in `quarantine/`.
 * C4  A row group that changed since it was read is not replaced.
 * C5  Sidecars are staged first and named in the new receipt; whoever scans next puts them into place.
 */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { addUsage } from '../../contract.ts'
import type { RowGroup } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import { toByteSource } from '../../parquet/byte-source.ts'
import { describeSchemaDifference } from '../../parquet/footer-schema.ts'
import { readTable } from '../../parquet/read-table.ts'
import { hashRange, verifyBytes } from '../../parquet/verify-bytes.ts'
import { dropReasonsOf } from '../../plan/drop-reasons.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Schema, Table, Value } from '../../values.ts'
import { moveIntoPlace, sidecarTablesOf, stageSidecars, tableOf } from './commit.ts'
import type { SidecarTable } from './commit.ts'
import type { JournalUsage } from '../journal/journal.ts'
import { keys } from '../layout.ts'
import { linkImages } from '../media/link-images.ts'
import type { DatasetPorts } from '../ports.ts'
import { readCommittedReceipt } from '../read-receipt.ts'
import type { Receipt, Sidecar } from '../receipt.ts'
import type { MadeRows } from './run-rows.ts'
import type { CommitFacts } from './work-on-row-group.ts'

/** What the commit of a repair takes. */
export interface CommitRepairOptions extends CommitFacts {
  readonly ports: DatasetPorts
  readonly rowGroup: RowGroup
  /** Names the pass. */
  readonly token: string
  /** The receipt that the repair started from. */
  readonly live: Receipt
  /** The rows that had been dropped, made again or dropped again. */
  readonly made: MadeRows
}

/** Puts the merged row group in the old one's place; answers the receipt that stands there now. */
export async function commitRepair(options: CommitRepairOptions): Promise<Receipt> {
  const { dataset, rowGroup, live, token } = options
  const { storage } = dataset
  const staged: string[] = []
  try {
    return await mergeAndReplace(options, staged)
  } catch (error) {
    const now = await readCommittedReceipt(storage, dataset, rowGroup)
    const isUnchanged = now !== null && isSameGeneration(now, live)
    // Those that the live receipt names are not ours to remove: it may be this attempt that got as far as the rename.
    const named = new Set(now?.sidecars.map(({ stagedKey }) => stagedKey))
    for (const key of staged) if (!named.has(key)) await storage.remove(key).catch(() => undefined)
    if (isUnchanged) throw error
    // Whoever was faster has changed the files that were just read: what was wrong with them means nothing.
    if (now?.repair?.token !== token) throw changed(keys.rowGroup(rowGroup.id))
    for (const sidecar of now.sidecars) await moveIntoPlace(storage, sidecar)
    return now
  }
}

/** Keys of staged files are added to `staged`, for the case that they come to nothing. */
async function mergeAndReplace(options: CommitRepairOptions, staged: string[]): Promise<Receipt> {
  const { dataset, ports, rowGroup, live, made } = options
  const { storage, compiled } = dataset
  const order = mergeOrder(rowGroup, live, made)
  const { attempt } = options
  await linkImages({ dataset, rowGroupId: rowGroup.id, generation: live.generation + 1, attempt, rows: made.rows })
  const runId = `${options.attempt.runId}-r${randomUUID().slice(0, 8)}`
  const staging = { dataset, ports, rowGroup, attempt: { ...options.attempt, runId } }
  const key = keys.rowGroup(rowGroup.id)
  const old = await readSound(storage, key, compiled.schema)
  const tables = await mergeSidecars(storage, live, sidecarTablesOf(dataset, made.rows), order)
  staged.push(...tables.map(({ folder }) => keys.stagedSidecar(folder, rowGroup.id, staging.attempt)))
  const sidecars = await stageSidecars(staging, tables)
  const receipt = mergedReceipt(options, sidecars)
  const table = mergeTables(compiled.schema, old, tableOf(compiled.schema, made.rows), order)
  const bytes = await ports.encoder.encode(compiled.schema, table, receipt)
  await checkCarriedOver(key, bytes, old, order)
  const stagedKey = keys.stagedRowGroup(rowGroup.id, staging.attempt)
  staged.push(stagedKey)
  await storage.stage(stagedKey, bytes)
  await keepOld(storage, rowGroup.id, live)
  const now = await readCommittedReceipt(storage, dataset, rowGroup)
  if (now === null || !isSameGeneration(now, live)) throw changed(key)
  await storage.move(stagedKey, key)
  for (const sidecar of sidecars) await moveIntoPlace(storage, sidecar)
  return receipt
}

/** Where each row of the merged file comes from, in row order: a position in the old file, or one in the rows made now. */
type MergeOrder = readonly ({ readonly old: number } | { readonly made: number })[]

function mergeOrder({ start, end }: RowGroup, live: Receipt, made: MadeRows): MergeOrder {
  const dropped = new Set(live.dropped.map(({ row }) => row))
  const filled = new Map(made.rows.map(({ row }, position) => [row, position]))
  const order: ({ old: number } | { made: number })[] = []
  let old = 0
  for (let row = start; row < end; row += 1) {
    const position = filled.get(row)
    if (!dropped.has(row)) order.push({ old: old++ })
    else if (position !== undefined) order.push({ made: position })
  }
  return order
}

function mergeTables(schema: Schema, old: Table, made: Table, order: MergeOrder): Table {
  const columnOf = (name: string): readonly Value[] => {
    const [before, now] = [old.columns.get(name) ?? [], made.columns.get(name) ?? []]
    return order.map((from) => ('old' in from ? before[from.old] : now[from.made]) ?? null)
  }
  return { rowCount: order.length, columns: new Map(schema.map(({ name }) => [name, columnOf(name)])) }
}

/** The rows of a sealed file that has the columns wanted. Throws `DATASET_DAMAGED`. */
async function readSound(storage: Storage, key: string, schema: Schema): Promise<Table> {
  const bytes = await storage.read(key)
  if (bytes === null) throw changed(key)
  const verification = await verifyBytes(bytes)
  if (!verification.ok) throw damaged(key, verification.reason)
  return await readColumns(key, bytes, schema)
}

async function readColumns(key: string, bytes: Uint8Array, schema: Schema): Promise<Table> {
  const { schema: found, table } = await readTable(bytes)
  const difference = describeSchemaDifference(found, schema)
  if (difference !== null) throw damaged(key, `its columns are not those of the config: ${difference}`)
  return table
}

/** Every sidecar of the old receipt with its new rows; all of its old ones must be there. */
async function mergeSidecars(
  storage: Storage,
  live: Receipt,
  made: readonly SidecarTable[],
  order: MergeOrder,
): Promise<readonly SidecarTable[]> {
  const merged: SidecarTable[] = []
  const keysMade = new Set(made.map(({ folder }) => keys.sidecar(folder, live.rowGroup.id)))
  const lost = live.sidecars.find(({ finalKey }) => !keysMade.has(finalKey))
  if (lost !== undefined) throw damaged(lost.finalKey, 'the config does not make it any more')
  for (const { folder, schema, table } of made) {
    const finalKey = keys.sidecar(folder, live.rowGroup.id)
    const sidecar = live.sidecars.find((candidate) => candidate.finalKey === finalKey)
    if (sidecar === undefined) throw damaged(finalKey, 'the receipt of its row group does not name it')
    const old = await readSidecar(storage, sidecar, schema)
    merged.push({ folder, schema, table: mergeTables(schema, old, table, order) })
  }
  return merged
}

async function readSidecar(storage: Storage, { finalKey, checksum }: Sidecar, schema: Schema): Promise<Table> {
  const bytes = await storage.read(finalKey)
  if (bytes === null) throw damaged(finalKey, 'it is not there')
  const found = `sha256:${await hashRange(toByteSource(bytes))}`
  if (found !== checksum) throw damaged(finalKey, `expected ${checksum}, found ${found}`)
  return await readColumns(finalKey, bytes, schema)
}

/** C2. */
async function checkCarriedOver(key: string, bytes: Uint8Array, old: Table, order: MergeOrder): Promise<void> {
  const { table } = await readTable(bytes)
  for (const [name, before] of old.columns) {
    const after = table.columns.get(name) ?? []
    const isSame = order.every((from, row) => !('old' in from) || isDeepStrictEqual(after[row], before[from.old]))
    if (!isSame)
      throw new ParquetryError('INTERNAL', `merging ${key} would have changed the column ${JSON.stringify(name)} of rows that were there`)
  }
}

/** C3. Named after the generation and who wrote it: repeating this after a crash finds it done. */
async function keepOld(storage: Storage, id: number, { generation, writtenBy, sidecars }: Receipt): Promise<void> {
  const unique = `generation-${generation}-${writtenBy.runId}-${writtenBy.attempt}`
  await storage.link(keys.rowGroup(id), keys.quarantined(id, unique))
  for (const { finalKey } of sidecars) await storage.link(finalKey, keys.quarantinedOther(finalKey, unique))
}

function isSameGeneration(a: Receipt, b: Receipt): boolean {
  return a.generation === b.generation && isDeepStrictEqual(a.writtenBy, b.writtenBy)
}

function mergedReceipt(options: CommitRepairOptions, sidecars: readonly Sidecar[]): Receipt {
  const { dataset, attempt, ports, live, made, usage, paidTwice, isRehearsal, token } = options
  const refilled = made.rows.map(({ row, refill }) => [row, refill] as const)
  return {
    ...live,
    generation: live.generation + 1,
    rowsWritten: live.rowsWritten + made.rows.length,
    dropped: made.dropped,
    refilled: [...live.refilled, ...refilled].sort(([a], [b]) => a - b),
    usage: addUsage(live.usage, usage),
    ...(paidTwice.calls === 0 ? {} : { paidTwice: addJournalUsage(live.paidTwice, paidTwice) }),
    targetNumRecords: dataset.targetNumRecords,
    segments: dataset.segments,
    sidecars,
    rehearsal: live.rehearsal || isRehearsal,
    repair: { token, rowsFilled: made.rows.length, usage, droppedBefore: dropReasonsOf(live.dropped) },
    writtenBy: { runId: attempt.runId, attempt: attempt.attempt, at: new Date(ports.now()).toISOString() },
  }
}

function addJournalUsage(a: JournalUsage | undefined, b: JournalUsage): JournalUsage {
  const { calls, inputTokens, outputTokens } = a ?? { calls: 0, inputTokens: 0, outputTokens: 0 }
  return { calls: calls + b.calls, inputTokens: inputTokens + b.inputTokens, outputTokens: outputTokens + b.outputTokens }
}

function damaged(key: string, reason: string): ParquetryError {
  return new ParquetryError('DATASET_DAMAGED', `expected ${key} as it was written, so that its rows can be kept, but ${reason}`, {
    wayOut: 'set it aside with verify --repair, and resume: the row group is then made anew',
  })
}

/** Somebody else wrote it; trying again reads what stands there now. */
function changed(key: string): ParquetryError {
  return new ParquetryError('STORAGE_FAILED', `${key} changed while its dropped rows were made again; it was left as it is`, {
    wayOut: 'send the resume signal: the rows that are still dropped are tried then, and no call is repeated',
  })
}
