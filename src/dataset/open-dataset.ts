/** A dataset as a worker has it open: its folder, its plan, and its compiled columns, ready to make rows. */
import type { CompiledDataset } from '../config/compiled.ts'
import { compileCellGenerators } from '../columns/registry.ts'
import type { CellGenerator, SamplerProgram } from '../columns/generator.ts'
import { compileSamplers } from '../columns/sampler/compile.ts'
import type { DatasetRef, PlanSegment } from '../contract.ts'
import { ParquetryError } from '../errors.ts'
import { createValueChecker } from '../parquet/encode-table.ts'
import { compileSchemaTransform } from '../processors/index.ts'
import type { SchemaTransform } from '../processors/index.ts'
import { createRandom } from '../random/random.ts'
import type { Random } from '../random/random.ts'
import { compileCondition } from '../template/index.ts'
import type { Storage } from '../storage/storage.ts'
import type { Value } from '../values.ts'
import { readIdentity } from './resume/folder-facts.ts'
import { keys } from './layout.ts'
import type { Metadata } from './metadata.ts'
import { readMetadata } from './metadata.ts'
import type { DatasetPorts } from './ports.ts'
import { openSeedRows } from './seed-rows.ts'
import type { SeedRows } from './seed-rows.ts'
import { readJson, readStored } from './stored-files.ts'

/** A compiled `schema_transform` with its name. */
export interface NamedTransform extends SchemaTransform {
  readonly name: string
}

/** The plan as it stands in the checkpoint. */
export interface DatasetPlan {
  readonly segments: readonly PlanSegment[]
  readonly bufferSize: number
  readonly targetNumRecords: number
}

/** What makes rows: a function of the config, the seed and the recorded reference time. */
export interface DatasetProgram {
  readonly compiled: CompiledDataset
  readonly seed: string
  readonly random: Random
  readonly samplers: SamplerProgram
  readonly generators: readonly CellGenerator[]
  readonly transforms: readonly NamedTransform[]
  /** Throws `VALUE_NOT_REPRESENTABLE` for a row that no file can hold. */
  readonly checkRow: (values: Readonly<Record<string, Value>>, row: number) => void
}

/** A dataset that is open in a worker. */
export interface OpenDataset extends DatasetPlan, DatasetProgram {
  readonly ref: DatasetRef
  readonly storage: Storage
  /** Null for a dataset without seed data. */
  readonly seedRows: SeedRows | null
  /** Text of `parquetry.json`, by which a changed setting is noticed. */
  readonly settingsText: string
}

/** The folder behind a reference, after looking that it is that very dataset. Throws `DATASET_NOT_VISIBLE` (retried). */
export async function requireVisible(ports: Pick<DatasetPorts, 'openStorage'>, ref: DatasetRef): Promise<Storage> {
  const storage = ports.openStorage(ref.location)
  const identity = await readIdentity(storage)
  if (identity?.dataset_id === ref.datasetId) return storage
  const found = identity === null ? 'no dataset.json' : `dataset ${identity.dataset_id}`
  throw new ParquetryError('DATASET_NOT_VISIBLE', `expected dataset ${ref.datasetId} in ${ref.location}, this worker sees ${found}`, {
    wayOut: 'client and workers need the same storage under the same path',
  })
}

/** Opens the dataset, taking over from `known` what did not change. Throws `DATASET_NOT_VISIBLE`, `DATASET_DAMAGED`. */
export async function openDataset(ports: DatasetPorts, ref: DatasetRef, known: OpenDataset | null): Promise<OpenDataset> {
  const storage = await requireVisible(ports, ref)
  const plan = planOf(storage, await readMetadata(storage), ref)
  const settings = await readJson(storage, keys.parquetryFile)
  const settingsText = JSON.stringify(settings)
  if (known !== null && known.settingsText === settingsText) return { ...known, ...plan }
  const compiled = await readStored(storage)
  if (compiled.fingerprint.hash !== ref.fingerprint) {
    throw new ParquetryError('DATASET_DAMAGED', `the config in ${ref.location} is not the one that this run was started with`, {
      wayOut: 'start again with the config you want',
    })
  }
  const { seed, referenceTime } = compiledSettings(settings)
  const program = await compileProgram(compiled, seed, referenceTime)
  const seedRows = compiled.seed === null ? null : await openSeedRows(storage, compiled.seed, program.random)
  return { ref, storage, settingsText, seedRows, ...plan, ...program }
}

/** Compiles all columns. `referenceTime` is ISO 8601, UTC. */
export async function compileProgram(compiled: CompiledDataset, seed: string, referenceTime: string): Promise<DatasetProgram> {
  const samplers = compiled.columns.filter((column) => column.column_type === 'sampler')
  const fields = [...compiled.schema, ...compiled.droppedSchema]
  const checkValue = createValueChecker(fields)
  return {
    checkRow(values, row): void {
      for (const { name } of fields) checkValue(name, values[name] ?? null, row)
    },
    compiled,
    seed,
    random: createRandom(seed),
    samplers: await compileSamplers({
      columns: samplers,
      constraints: compiled.constraints,
      given: compiled.columns.filter((column) => column.column_type === 'seed-dataset').map(({ name }) => name),
      seed,
      referenceTime,
      compileCondition: (source) => compileCondition(source, { types: compiled.types }),
    }),
    generators: compileCellGenerators(compiled),
    transforms: compiled.processors
      .filter((processor) => processor.processor_type === 'schema_transform')
      .map(({ name, template }) => ({ name, ...compileSchemaTransform(template, compiled.types) })),
  }
}

function planOf(storage: Storage, metadata: Awaited<ReturnType<typeof readMetadata>>, ref: DatasetRef): DatasetPlan {
  if (metadata.kind !== 'ours' || metadata.value.parquetry.dataset_id !== ref.datasetId) {
    throw new ParquetryError('DATASET_DAMAGED', `expected ${storage.describe()}/metadata.json of this dataset, found it ${metadata.kind}`, {
      wayOut: 'start again with --resume always',
    })
  }
  const value: Metadata = metadata.value
  return { segments: value.parquetry.segments, bufferSize: value.buffer_size, targetNumRecords: value.target_num_records }
}

function compiledSettings(settings: object): { seed: string; referenceTime: string } {
  const { seed, reference_time: referenceTime } = settings as { seed?: unknown; reference_time?: unknown }
  if (typeof seed === 'string' && typeof referenceTime === 'string') return { seed, referenceTime }
  throw new ParquetryError('DATASET_DAMAGED', 'expected parquetry.json to hold seed and reference_time as text', {
    wayOut: 'start again with --resume always',
  })
}
