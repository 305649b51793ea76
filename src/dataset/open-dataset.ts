/** A dataset as a worker has it open: its folder, its plan, and its compiled columns, ready to make rows. */
import type { CompiledDataset } from '../config/compiled.ts'
import type { CustomCode } from '../columns/custom.ts'
import { compileCellGenerators } from '../columns/registry.ts'
import type { ColumnGenerators } from '../columns/custom-generator.ts'
import type { CellGenerator, SamplerProgram } from '../columns/generator.ts'
import { compileSamplers } from '../columns/sampler/compile.ts'
import type { OpenPeople } from '../columns/sampler/people.ts'
import type { DatasetRef, PlanSegment } from '../contract.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
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
import { findGenerator } from './row-group/find-generator.ts'
import { inTurn } from './row-group/turns.ts'
import { openSeedRows } from './seed/seed-rows.ts'
import type { SeedRows } from './seed/seed-rows.ts'
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
  /** Throws `VALUE_NOT_REPRESENTABLE` or `TEMPLATE_FAILED` for a row that no file can hold, the main one or one beside it. */
  readonly checkRow: (values: Readonly<Record<string, Value>>, row: number, refill: number) => void
}

/** A dataset that is open in a worker. */
export interface OpenDataset extends DatasetPlan, DatasetProgram {
  readonly ref: DatasetRef
  readonly storage: Storage
  /** Null for a dataset without seed data. */
  readonly seedRows: SeedRows | null
  /** Text of `parquetry.json`, by which a changed setting is noticed. */
  readonly settingsText: string
  /** False when people could not be read: it serves scans, and drawing says what is missing. */
  readonly isWhole: boolean
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

/** What opening a dataset takes. */
export type OpenPorts = Pick<DatasetPorts, 'openStorage' | 'openPeople' | 'columnGenerators' | 'log'>

/** Opens the dataset, taking over from `known` what did not change. Throws `DATASET_NOT_VISIBLE`, `DATASET_DAMAGED`. */
export async function openDataset(ports: OpenPorts, ref: DatasetRef, known: OpenDataset | null): Promise<OpenDataset> {
  const storage = await requireVisible(ports, ref)
  const plan = planOf(storage, await readMetadata(storage), ref)
  const settings = await readJson(storage, keys.parquetryFile)
  const settingsText = JSON.stringify(settings)
  if (known !== null && known.settingsText === settingsText && known.isWhole) return { ...known, ...plan }
  const compiled = await readStored(storage)
  if (compiled.fingerprint.hash !== ref.fingerprint) {
    throw new ParquetryError('DATASET_DAMAGED', `the config in ${ref.location} is not the one that this run was started with`, {
      wayOut: 'start again with the config you want',
    })
  }
  const { seed, referenceTime } = compiledSettings(settings)
  const people = ports.openPeople === undefined ? null : lateFailing(ports.openPeople)
  const custom = { columnGenerators: ports.columnGenerators ?? {}, warn: (message: string) => ports.log(message) }
  const program = await compileProgram(compiled, seed, referenceTime, people?.open, custom)
  const seedRows = compiled.seed === null ? null : await openSeedRows(storage, compiled.seed, program.random)
  return { ref, storage, settingsText, seedRows, isWhole: people?.isWhole() ?? true, ...plan, ...program }
}

/** People who cannot be read for now are missed when one is drawn, so that it is a row group that says so and the run that waits. */
function lateFailing(open: OpenPeople): { readonly open: OpenPeople; isWhole(): boolean } {
  let isWhole = true
  return {
    isWhole: () => isWhole,
    async open(request) {
      try {
        return await open(request)
      } catch (error) {
        if (!isParquetryError(error) || error.kind !== 'blocked') throw error
        isWhole = false
        const fail = (): never => {
          throw error
        }
        return { size: 1, at: fail }
      }
    },
  }
}

/** Code that a program registers, and where it hears of what is wrong with it. */
export interface ProgramCode {
  readonly columnGenerators: ColumnGenerators
  readonly warn: (message: string) => void
}

/**
 * Compiles all columns. `referenceTime` is ISO 8601, UTC; `openPeople` reads managed people, where a column draws them; `code` has the
 * generators of custom columns, which else say that they are missing when a row group is begun.
 */
export async function compileProgram(
  compiled: CompiledDataset,
  seed: string,
  referenceTime: string,
  openPeople?: OpenPeople,
  code: ProgramCode = { columnGenerators: {}, warn: () => undefined },
): Promise<DatasetProgram> {
  const samplers = compiled.columns.filter((column) => column.column_type === 'sampler')
  const fields = [...compiled.schema, ...compiled.droppedSchema]
  const checkValue = createValueChecker(fields)
  const random = createRandom(seed)
  const transforms = compiled.processors
    .filter((processor) => processor.processor_type === 'schema_transform')
    .map(({ name, template }) => ({ name, ...compileSchemaTransform(template, compiled.types) }))
  const checkTransforms = transforms.map((transform) => createTransformCheck(transform, random))
  return {
    checkRow(values, row, refill): void {
      for (const { name } of fields) checkValue(name, values[name] ?? null, row)
      for (const check of checkTransforms) check({ values, row, refill })
    },
    compiled,
    seed,
    random,
    samplers: await compileSamplers({
      columns: samplers,
      constraints: compiled.constraints,
      given: compiled.columns.filter((column) => column.column_type === 'seed-dataset').map(({ name }) => name),
      seed,
      referenceTime,
      people: compiled.people,
      ...(openPeople === undefined ? {} : { openPeople }),
      compileCondition: (source) => compileCondition(source, { types: compiled.types }),
    }),
    generators: compileCellGenerators(compiled, customCodeOf(compiled, code)),
    transforms,
  }
}

function customCodeOf(compiled: CompiledDataset, { columnGenerators, warn }: ProgramCode): CustomCode | null {
  // Also those that are kept nowhere, for others read them.
  const made = compiled.columns.flatMap((column) => {
    const facts = column.column_type === 'custom' ? compiled.generators[column.generator_function] : undefined
    return facts === undefined ? [] : [{ name: column.name, type: facts.output }, ...facts.sideEffects]
  })
  if (made.length === 0) return null
  return { find: (name, facts) => findGenerator(name, facts, columnGenerators), check: createValueChecker(made), inTurn, warn }
}

/** A finished row as a transform takes it. */
interface FinishedRow {
  readonly values: Readonly<Record<string, Value>>
  readonly row: number
  readonly refill: number
}

/** The record that a `schema_transform` makes of a row; the same each time. Throws `TEMPLATE_FAILED`. */
export function transformRow(
  transform: NamedTransform,
  random: Random,
  { values, row, refill }: FinishedRow,
): Readonly<Record<string, Value>> {
  return transform.transform(values, { random: random.stream(transform.name, row, refill, 0, 'processor') })
}

/** Makes the record and forgets it: a row that has none is found while it can still be made again or dropped, not at the commit. */
function createTransformCheck(transform: NamedTransform, random: Random): (row: FinishedRow) => void {
  const checkValue = createValueChecker(transform.schema)
  return (finished) => {
    try {
      const record = transformRow(transform, random, finished)
      for (const { name } of transform.schema) checkValue(name, record[name] ?? null, finished.row)
    } catch (error) {
      if (!isParquetryError(error)) throw error
      const message = `processor ${JSON.stringify(transform.name)}: ${error.message}`
      throw new ParquetryError(error.code, message, { ...error.details, column: transform.name }, error)
    }
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
