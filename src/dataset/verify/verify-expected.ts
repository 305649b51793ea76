/** What a dataset's folder says of itself: the plan, the config and the identity that its row groups are held against. */
import type { PlanSegment, RangeSet } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import { checkSegments, parseBatchName, rowCount, rowGroupCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Schema } from '../../values.ts'
import { readIdentity } from '../resume/folder-facts.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import type { Metadata } from '../metadata.ts'
import { readMetadata } from '../metadata.ts'
import { readJson, readStored } from '../stored-files.ts'
import { readReceipt } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'
import type { DatasetProblem } from './verify.ts'
import type { ImageColumnPlace } from './verify-images.ts'
import { imageColumnsOf } from './verify-images.ts'

/** What the row groups must agree with. */
export interface ExpectedDataset {
  readonly datasetId: string
  /** Config fingerprint `sha256:<hex>`. */
  readonly fingerprint: string
  readonly segments: readonly PlanSegment[]
  /** Null when nothing says it. */
  readonly seed: string | null
  /** Row groups that the checkpoint counts as done. */
  readonly checkpointed: RangeSet
  /** Row groups of DataDesigner's that were taken over. */
  readonly adopted: RangeSet
  /** Of the row groups; null when the config cannot be compiled. */
  readonly schema: Schema | null
  /** Hash of the seed data's content; null without seed data, or when the config cannot be compiled. */
  readonly seedContent: string | null
  /** Columns whose cells name pictures; none when the config cannot be compiled. */
  readonly imageColumns: readonly ImageColumnPlace[]
  /** Null when it cannot be used; the plan is then that of the receipts. */
  readonly metadata: Metadata | null
  readonly problems: readonly DatasetProblem[]
  readonly notes: readonly string[]
}

/** Receipts read at once where there is no checkpoint. */
const READS_AT_ONCE = 32

/** Reads it. Throws `DATASET_NOT_FOUND` when the folder holds no dataset of ours, or one that nothing was committed of. */
export async function readExpected(storage: Storage): Promise<ExpectedDataset> {
  const reading = await readMetadata(storage)
  const identity = await readIdentity(storage)
  if (reading.kind === 'ours') return await expectedOf(storage, reading.value, identity?.dataset_id ?? null)
  const receipt = identity === null ? null : await findLargestPlan(storage, identity.dataset_id)
  if (receipt === null) {
    throw new ParquetryError(
      'DATASET_NOT_FOUND',
      `expected a dataset of Parquetry in ${storage.describe()}, found its metadata.json ${reading.kind} and no receipt to go by`,
      { wayOut: 'give the folder of a dataset, e.g. artifacts/product-reviews' },
    )
  }
  const { datasetId, fingerprint, segments, seed } = receipt
  const config = await readConfig(storage, fingerprint, seed)
  const why = reading.kind === 'damaged' ? `it cannot be used: ${reading.why}` : `it is ${reading.kind}`
  const problem = problemOf('checkpoint', keys.metadata, `${why}; the plan is that of the receipts, and a run makes the file again`)
  const problems = [problem, ...config.problems]
  return {
    datasetId,
    fingerprint,
    segments,
    seed,
    checkpointed: [],
    adopted: [],
    schema: config.schema,
    seedContent: config.seedContent,
    imageColumns: config.imageColumns,
    metadata: null,
    problems,
    notes: [],
  }
}

async function expectedOf(storage: Storage, metadata: Metadata, identity: string | null): Promise<ExpectedDataset> {
  const { dataset_id: datasetId, fingerprint, segments, seed, committed } = metadata.parquetry
  const config = await readConfig(storage, fingerprint.hash, seed)
  const problems = [...config.problems]
  if (identity !== datasetId) {
    problems.push(problemOf('config', keys.identity, `expected dataset ${datasetId}, found ${identity ?? 'none that can be read'}`))
  }
  const plan = planProblem(segments)
  if (plan !== null) problems.push(problemOf('checkpoint', keys.metadata, plan))
  return {
    datasetId,
    fingerprint: fingerprint.hash,
    segments: plan === null ? segments : [],
    seed,
    checkpointed: committed,
    adopted: adoptedIn(metadata),
    schema: config.schema,
    seedContent: config.seedContent,
    imageColumns: config.imageColumns,
    metadata,
    problems,
    notes: [],
  }
}

/** The plan must cover the rows without holes, or no row group can be held against it. */
function planProblem(segments: readonly PlanSegment[]): string | null {
  try {
    checkSegments(segments)
    return null
  } catch (error) {
    return `its plan cannot be right: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Row groups of DataDesigner, which have no receipt, may stand anywhere in a dataset that was taken over. */
function adoptedIn({ parquetry: { adopted, segments } }: Metadata): RangeSet {
  const total = rowGroupCount(segments)
  return adopted === true && total > 0 ? [[0, total]] : []
}

async function readConfig(
  storage: Storage,
  fingerprint: string,
  seed: string,
): Promise<Pick<ExpectedDataset, 'schema' | 'seedContent' | 'imageColumns' | 'problems'>> {
  const unknown = { schema: null, seedContent: null, imageColumns: [] }
  try {
    const compiled = await readStored(storage)
    if (compiled.fingerprint.hash !== fingerprint) {
      return { ...unknown, problems: [problemOf('config', keys.builderConfig, 'it is not the config that the dataset was made with')] }
    }
    const { seed: stored } = (await readJson(storage, keys.parquetryFile)) as { readonly seed?: unknown }
    const problems = stored === seed ? [] : [problemOf('config', keys.parquetryFile, `expected seed ${seed}, found ${String(stored)}`)]
    return {
      schema: compiled.schema,
      seedContent: compiled.seed?.data.contentHash ?? null,
      imageColumns: imageColumnsOf(compiled),
      problems,
    }
  } catch (error) {
    // Faults of the disk are not the dataset's.
    if (!isParquetryError(error) || error.kind !== 'user') throw error
    return { ...unknown, problems: [problemOf('config', keys.builderConfig, `it cannot be compiled: ${error.message}`)] }
  }
}

/** The receipt with the longest plan among the row groups of a dataset. */
async function findLargestPlan(storage: Storage, datasetId: string): Promise<Receipt | null> {
  const names = (await storage.list(keys.rowGroupsFolder)).filter((name) => parseBatchName(name.replace(/\.parquet$/, '')) !== null)
  const readings = await mapBounded(names, READS_AT_ONCE, (name) => readReceipt(storage, `${keys.rowGroupsFolder}/${name}`))
  let largest: Receipt | null = null
  for (const reading of readings) {
    if (reading.kind !== 'receipt' || reading.receipt.datasetId !== datasetId || planProblem(reading.receipt.segments) !== null) continue
    if (largest === null || rowCount(reading.receipt.segments) > rowCount(largest.segments)) largest = reading.receipt
  }
  return largest
}

function problemOf(kind: DatasetProblem['kind'], key: string, message: string): DatasetProblem {
  return { kind, key, rowGroup: null, message }
}
