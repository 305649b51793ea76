/**
 * The commit of a row group. The one link of the main file is the commit; everything before it is staged under names unique to
 * the attempt, everything after it can be rolled forward from the receipt (design section 4, ruling 5).
 */
import { createHash } from 'node:crypto'
import type { RowGroup, Usage } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Field, Schema, Table, Value } from '../../values.ts'
import type { JournalUsage } from '../journal/journal.ts'
import { keys } from '../layout.ts'
import { linkImages } from '../media/link-images.ts'
import { transformRow } from '../open-dataset.ts'
import type { OpenDataset } from '../open-dataset.ts'
import type { Attempt, DatasetPorts } from '../ports.ts'
import { readCommittedReceipt } from '../read-receipt.ts'
import { RECEIPT_VERSION } from '../receipt.ts'
import type { Receipt, Sidecar } from '../receipt.ts'
import type { MadeRow, MadeRows } from './run-rows.ts'

/** What a commit takes. */
export interface CommitOptions {
  readonly dataset: OpenDataset
  readonly ports: DatasetPorts
  readonly attempt: Attempt
  readonly rowGroup: RowGroup
  readonly made: MadeRows
  readonly usage: Usage
  /** Answers to calls that were answered already. */
  readonly paidTwice: JournalUsage
  readonly isRehearsal: boolean
}

/** Commits the rows; `isNew` is false when another attempt was first, whose receipt is returned and whose file stays. */
export async function commitRowGroup(options: CommitOptions): Promise<{ readonly receipt: Receipt; readonly isNew: boolean }> {
  const { dataset, ports, attempt, rowGroup, made } = options
  const { storage, compiled } = dataset
  await linkImages({ dataset, rowGroupId: rowGroup.id, generation: 0, attempt, rows: made.rows })
  const sidecars = await stageSidecars(options, sidecarTablesOf(dataset, made.rows))
  const receipt = receiptOf(options, sidecars)
  const bytes = await ports.encoder.encode(compiled.schema, tableOf(compiled.schema, made.rows), receipt)
  const stagedKey = keys.stagedRowGroup(rowGroup.id, attempt)
  await storage.stage(stagedKey, bytes)
  if (await storage.publish(stagedKey, keys.rowGroup(rowGroup.id))) {
    for (const sidecar of sidecars) await moveIntoPlace(storage, sidecar)
    return { receipt, isNew: true }
  }
  for (const sidecar of sidecars) await storage.remove(sidecar.stagedKey)
  const first = await readCommittedReceipt(storage, dataset, rowGroup)
  if (first === null) {
    throw new ParquetryError('STORAGE_FAILED', `${keys.rowGroup(rowGroup.id)} is taken by a file that is not this row group`, {
      wayOut: 'send the resume signal: the scan sets the file aside',
    })
  }
  return { receipt: first, isNew: false }
}

/** Moves a staged sidecar to its final name. A scan may have rolled it forward in this moment. */
export async function moveIntoPlace(storage: Storage, { stagedKey, finalKey }: Sidecar): Promise<void> {
  try {
    await storage.move(stagedKey, finalKey)
  } catch (error) {
    const isThereAlready = (await storage.stat(stagedKey)) === null && (await storage.stat(finalKey)) !== null
    if (!isThereAlready) throw error
  }
}

function receiptOf(
  { dataset, attempt, ports, rowGroup, made, usage, paidTwice, isRehearsal }: CommitOptions,
  sidecars: readonly Sidecar[],
): Receipt {
  return {
    version: RECEIPT_VERSION,
    datasetId: dataset.ref.datasetId,
    fingerprint: dataset.ref.fingerprint,
    generation: 0,
    rowGroup,
    rowsWanted: rowGroup.end - rowGroup.start,
    rowsWritten: made.rows.length,
    dropped: made.dropped,
    refilled: made.rows.filter(({ refill }) => refill > 0).map(({ row, refill }) => [row, refill] as const),
    usage,
    ...(paidTwice.calls === 0 ? {} : { paidTwice }),
    seed: dataset.seed,
    bufferSize: dataset.bufferSize,
    targetNumRecords: dataset.targetNumRecords,
    segments: dataset.segments,
    sidecars,
    rehearsal: isRehearsal,
    writtenBy: { runId: attempt.runId, attempt: attempt.attempt, at: new Date(ports.now()).toISOString() },
  }
}

/** A file beside the main one. */
export interface SidecarTable {
  /** Key of the folder it goes to. */
  readonly folder: string
  readonly schema: Schema
  readonly table: Table
}

/** Dropped columns and the outputs of schema_transform, each a file of its own. */
export function sidecarTablesOf({ compiled, transforms, random }: OpenDataset, rows: readonly MadeRow[]): readonly SidecarTable[] {
  const dropped = compiled.droppedSchema
  const transformed = transforms.map((transform): SidecarTable => {
    const { name, schema } = transform
    const records = rows.map((row) => transformRow(transform, random, row))
    return { folder: keys.processorFolder(name), schema, table: tableOfRecords(schema, records) }
  })
  if (dropped.length === 0) return transformed
  return [{ folder: keys.droppedColumnsFolder, schema: dropped, table: tableOf(dropped, rows) }, ...transformed]
}

/** Stages sidecars under names unique to the attempt. */
export async function stageSidecars(
  { dataset, ports, attempt, rowGroup }: Pick<CommitOptions, 'dataset' | 'ports' | 'attempt' | 'rowGroup'>,
  tables: readonly SidecarTable[],
): Promise<readonly Sidecar[]> {
  const sidecars: Sidecar[] = []
  for (const { folder, schema, table } of tables) {
    const bytes = await ports.encoder.encode(schema, table, null)
    const stagedKey = keys.stagedSidecar(folder, rowGroup.id, attempt)
    await dataset.storage.stage(stagedKey, bytes)
    const checksum = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    sidecars.push({ stagedKey, finalKey: keys.sidecar(folder, rowGroup.id), checksum })
  }
  return sidecars
}

/** Rows as columns, in the schema's order. */
export function tableOf(schema: Schema, rows: readonly Pick<MadeRow, 'values'>[]): Table {
  return tableOfRecords(
    schema,
    rows.map(({ values }) => values),
  )
}

function tableOfRecords(schema: Schema, records: readonly Readonly<Record<string, Value>>[]): Table {
  const columnOf = ({ name }: Field): [string, Value[]] => [name, records.map((record) => record[name] ?? null)]
  return { rowCount: records.length, columns: new Map(schema.map(columnOf)) }
}
