/**
 * Compiles all stages of a composite before anything is paid for: each one with the columns that the stage before it will have, so that a
 * reference across stages is checked as if the rows were there.
 */
import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { canonicalJson } from '../config/canonical-json.ts'
import { loadConfigFile } from '../config/load.ts'
import { isMapping } from '../config/paths.ts'
import { prepareConfig } from '../config/prepare-config.ts'
import type { ConfigInput, ConfigSources, PreparedConfig } from '../config/prepare-config.ts'
import { createReport, settle } from '../config/problems.ts'
import type { ConfigProblem } from '../config/problems.ts'
import { readConfig } from '../config/read-config.ts'
import type { SeedReading } from '../config/seed-columns.ts'
import { compileProgram } from '../dataset/open-dataset.ts'
import { DEFAULT_NUM_RECORDS } from '../dataset/resume/prepare.ts'
import { isParquetryError } from '../errors.ts'
import { stageFolder } from './layout.ts'
import { readComposite } from './read-composite.ts'
import type { ReadStage } from './read-composite.ts'
import { noProcessor, outputOf, seedPathOf } from './stage-output.ts'
import type { StageOutput } from './stage-output.ts'

/** A composite's file, or what stands in it. */
export type CompositeInput = string | object

/** What compiling takes besides the composite. */
export interface CompositeSources extends Partial<Omit<ConfigSources, 'datasetFolder' | 'seedReading' | 'configFile'>> {
  /** Absolute folder that holds composites. */
  readonly artifactPath: string
  /** Folder name in place of the file's `name`. */
  readonly name?: string
  /** Looks managed people up while columns are compiled. */
  readonly openPeople?: Parameters<typeof compileProgram>[3]
}

/** A stage that can be run, but for the rows it begins with. */
export interface CompiledStage extends ReadStage {
  readonly folder: string
  readonly prepared: PreparedConfig
  /** What it gives to the next stage. */
  readonly given: StageOutput
  /** Rows it will have, as far as that is known; null when it depends on how many rows are left before it. */
  readonly expectedRecords: number | null
}

/** A composite whose stages are all compiled. */
export interface CompiledComposite {
  readonly name: string
  /** Absolute folder. */
  readonly location: string
  readonly stages: readonly CompiledStage[]
  /** To be printed; they stop nothing. */
  readonly warnings: readonly ConfigProblem[]
  /** `sha256:<hex>` of all that decides what is made. */
  readonly fingerprint: string
}

/**
 * Reads and compiles. Throws `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`, and `CONFIG_INVALID` or `CONFIG_NOT_YET` with the problems of all
 * stages at once.
 */
export async function compileComposite(input: CompositeInput, sources: CompositeSources): Promise<CompiledComposite> {
  const file = typeof input === 'string' ? input : null
  const value = file === null ? input : (await loadConfigFile(file)).value
  const report = createReport()
  const read = readComposite(isMapping(value) && sources.name !== undefined ? { ...value, name: sources.name } : value, report)
  const problems: ConfigProblem[] = []
  const stages = new Map<number, CompiledStage>()
  const location = join(sources.artifactPath, read?.name ?? 'composite')
  for (const stage of read?.stages ?? []) {
    const upstream = stage.upstream === null ? null : (stages.get(stage.upstream) ?? 'unknown')
    const compiled = await compileStage(stage, upstream, { file, location, sources, problems })
    if (compiled !== null) stages.set(stage.index, compiled)
  }
  const warnings = settle({ ...report, problems: [...report.problems, ...problems].toSorted(byStage) }, 'a composite')
  const list = [...stages.values()]
  return { name: read?.name ?? '', location, stages: list, warnings, fingerprint: fingerprintOf(list) }
}

/** In the order of the stages; what concerns the whole file comes first. */
function byStage(one: ConfigProblem, other: ConfigProblem): number {
  const [left, right] = [one, other].map(({ path }) => Number(/^stages\[(\d+)\]/.exec(path)?.[1] ?? -1))
  return left! - right!
}

interface Surroundings {
  readonly file: string | null
  readonly location: string
  readonly sources: CompositeSources
  readonly problems: ConfigProblem[]
}

/** Rows that a stage is checked with when nobody knows how many there will be. */
const ANY_NUMBER = 2 ** 31
/** Stands where the stage before is wrong itself: only that is reported. */
const UNKNOWN = 'the stage before it cannot be compiled'

async function compileStage(
  stage: ReadStage,
  upstream: CompiledStage | 'unknown' | null,
  { file, location, sources, problems }: Surroundings,
): Promise<CompiledStage | null> {
  const at = `stages[${stage.index}]`
  const add = (path: string, message: string, level: 'error' | 'warning', code: ConfigProblem['code'] = 'CONFIG_INVALID'): void =>
    void problems.push({ path, message, level, code })
  const { artifactPath: _, name: __, openPeople, ...rest } = sources
  let value: unknown = null
  try {
    const config = await configOf(stage, file)
    value = config.value
    const isReplaced = upstream !== null && seedConfigIn(config.value) !== undefined
    if (isReplaced) add(`${at}.config`, 'seed_config is passed over: the rows come from the stage before it', 'warning')
    const prepared = await prepareConfig(
      upstream === null ? config.input : { ...config.parsed, value: withSeedConfig(config.value, seedConfigOf(stage, upstream, location)) },
      {
        ...rest,
        ...(upstream === null ? {} : { seedReading: readingOf(upstream) }),
        ...(config.file === null ? {} : { configFile: config.file }),
      },
    )
    for (const { path, message, code } of prepared.warnings) add(placeOf(at, path), message, 'warning', code)
    const program = await compileProgram(prepared.compiled, '0', new Date().toISOString(), openPeople)
    const given = outputOf(stage.output, prepared.compiled, program.transforms)
    if (typeof given === 'string') {
      add(`${at}.output`, given, 'error')
      return null
    }
    if (!given.isSchemaKnown)
      add(
        `${at}.output`,
        'what a custom processor writes is known only once it has run; until then it is taken to write the columns of its rows',
        'warning',
      )
    return { ...stage, folder: stageFolder(stage), prepared, given, expectedRecords: expectedOf(stage, upstream) }
  } catch (error) {
    if (!isParquetryError(error) || error.kind !== 'user') throw error
    const found = (error.details.problems ?? [
      { path: '', message: error.message, level: 'error', code: 'CONFIG_INVALID' },
    ]) as ConfigProblem[]
    for (const { path, message, level, code } of found) if (message !== UNKNOWN) add(placeOf(at, path), message, level, code)
    const missing = missingProcessor(stage.output, value)
    if (missing !== null) add(`${at}.output`, missing, 'error')
    return null
  }
}

/** What is wrong with the output of a stage whose config is wrong itself, as far as names tell. */
function missingProcessor(output: string, value: unknown): string | null {
  if (output === 'final' || value === null) return null
  const { processors, datasetProcessors } = readConfig(value, createReport())
  const names = [...processors.map(({ part }) => part.name), ...datasetProcessors.map(({ part }) => part.name ?? part.processor_type)]
  const name = output.slice('processor:'.length)
  return names.includes(name) ? null : noProcessor(name, names)
}

/** A place in a stage's config as a place in the composite's file. */
function placeOf(at: string, path: string): string {
  if (path.startsWith('seed_config.selection_strategy')) return `${at}.${path.slice('seed_config.'.length)}`
  return path === '' ? `${at}.config` : `${at}.config.${path}`
}

interface StageConfig {
  readonly input: ConfigInput
  readonly parsed: { readonly source: string; readonly provider: null }
  readonly value: unknown
  readonly file: string | null
}

/** A stage's config: its own file, taken from the folder of the composite's, or the mapping in it. */
async function configOf(stage: ReadStage, file: string | null): Promise<StageConfig> {
  if (typeof stage.config === 'string') {
    const path = file === null ? stage.config : resolve(dirname(file), stage.config)
    const { value } = await loadConfigFile(path)
    return { input: path, parsed: { source: path, provider: null }, value, file: path }
  }
  const parsed = { source: `stage ${stage.name}`, provider: null } as const
  return { input: { ...parsed, value: stage.config }, parsed, value: stage.config, file }
}

function seedConfigIn(value: unknown): unknown {
  const root = isMapping(value) && isMapping(value['data_designer']) ? value['data_designer'] : value
  return isMapping(root) ? (root['seed_config'] ?? undefined) : undefined
}

function withSeedConfig(value: unknown, seedConfig: object): unknown {
  if (!isMapping(value)) return value
  if (isMapping(value['data_designer'])) return { ...value, data_designer: { ...value['data_designer'], seed_config: seedConfig } }
  return { ...value, seed_config: seedConfig }
}

function seedConfigOf(stage: ReadStage, upstream: CompiledStage | 'unknown', location: string): object {
  const path = upstream === 'unknown' ? location : seedPathOf(location, upstream.folder, upstream.given.folder)
  const { sampling_strategy, selection_strategy } = stage
  return { source: { seed_type: 'local', path }, sampling_strategy, selection_strategy }
}

/** The rows of the stage before, as they will be. */
function readingOf(upstream: CompiledStage | 'unknown'): SeedReading {
  if (upstream === 'unknown') return { problem: UNKNOWN }
  const rowCount = (upstream.given.isWhole ? upstream.expectedRecords : null) ?? ANY_NUMBER
  return { schema: upstream.given.schema, rowCount, contentHash: `sha256:${'0'.repeat(64)}`, files: [], notes: [] }
}

function expectedOf(stage: ReadStage, upstream: CompiledStage | 'unknown' | null): number | null {
  if (stage.num_records !== null) return stage.num_records
  if (upstream === null) return DEFAULT_NUM_RECORDS
  return upstream === 'unknown' || !upstream.given.isWhole ? null : upstream.expectedRecords
}

function fingerprintOf(stages: readonly CompiledStage[]): string {
  const facts = stages.map(({ name, upstream, prepared, num_records, output, allow_empty }) => ({
    name,
    upstream,
    config: prepared.compiled.fingerprint.hash,
    num_records,
    output,
    allow_empty,
  }))
  return `sha256:${createHash('sha256').update(canonicalJson(facts)).digest('hex')}`
}
