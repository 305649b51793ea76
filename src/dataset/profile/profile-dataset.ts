/**
 * Statistics of every column and what judges said, from the files, one row group in memory at a time; they go into `metadata.json`, and
 * from there into the report. Nothing of it can lose the dataset: it is whole before this begins.
 */
import type { Finding, ProfileResult } from '../../contract.ts'
import { readTable } from '../../parquet/read-table.ts'
import { rowGroupCount, rowGroupsOf } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Table } from '../../values.ts'
import { keys } from '../layout.ts'
import { readMetadata, writeMetadata } from '../metadata.ts'
import type { Metadata } from '../metadata.ts'
import type { OpenDataset } from '../open-dataset.ts'
import { requireEpoch } from '../owner/owner.ts'
import type { DatasetPorts } from '../ports.ts'
import { hashOfRowGroups } from '../processors/row-groups-hash.ts'
import { tryReport } from '../report/write-report.ts'
import { createJudgeProfiles } from './judge-profiles.ts'
import type { JudgeProfiles, JudgeProfilesResult } from './judge-profiles.ts'
import { openJudgeSummaries } from './judge-summaries.ts'
import { hashOfProfilers, isProfileWhole, isReportWhole, reportStamp } from './profile-due.ts'
import { createProfiler } from './profiler.ts'
import type { Profiler } from './profiler.ts'
import type { ColumnStatistics } from './statistics.ts'
import { createTokenCounts } from './token-counts.ts'
import type { TokenCounts } from './token-counts.ts'
import { TOKEN_METHOD } from './statistics.ts'

/** What profiling takes beside the dataset. */
export interface ProfileOptions extends Pick<DatasetPorts, 'models' | 'log'> {
  /** Ownership epoch of the run. */
  readonly epoch: number
  /** Aborted when the attempt shall end; heard between two row groups, and ends a call that is on the wire. */
  readonly signal: AbortSignal
}

/**
 * Profiles the committed row groups and records the result, unless it was made from these very ones, and writes the report, unless it shows
 * them. Answers what is missing. Throws `DATASET_OPEN_ELSEWHERE` when a later run owns the folder, or the signal's reason.
 */
export async function profileDataset(dataset: OpenDataset, options: ProfileOptions): Promise<ProfileResult> {
  const { storage, compiled, segments } = dataset
  const { epoch, signal } = options
  const madeFrom = await hashOfRowGroups(storage, segments, signal)
  const known = await readMetadata(storage)
  if (known.kind !== 'ours') return { findings: [] }
  const findings: Finding[] = []
  let { value: metadata } = known
  if (!isProfileWhole(metadata, madeFrom, compiled.profilers)) {
    const { statistics, judged } = await measure(dataset, metadata, options)
    await requireEpoch(storage, epoch)
    const now = await readMetadata(storage)
    if (now.kind !== 'ours') return { findings: [] }
    metadata = withProfile(now.value, { madeFrom, statistics, judged, dataset })
    await writeMetadata(storage, metadata)
    if (judged.missing.length > 0) findings.push(notSummarised(judged.missing))
  } else if (await isReportWhole(storage, metadata, madeFrom, compiled.policies)) return { findings }
  await requireEpoch(storage, epoch)
  const problem = await tryReport(storage, compiled, { signal, log: options.log })
  if (problem !== null) return { findings: [...findings, { kind: 'no-report', count: 1, message: `report.html: ${problem}` }] }
  const report_made_from = reportStamp(metadata, madeFrom, compiled.policies)
  await writeMetadata(storage, { ...metadata, parquetry: { ...metadata.parquetry, report_made_from } })
  return { findings }
}

function notSummarised(missing: readonly string[]): Finding {
  const more = missing.length > 1 ? `; and ${missing.length - 1} more` : ''
  return { kind: 'not-summarised', count: missing.length, message: `no summary of ${missing[0]}${more}; resume asks again`.slice(0, 500) }
}

interface Measured {
  readonly statistics: readonly ColumnStatistics[]
  readonly judged: JudgeProfilesResult
}

async function measure(dataset: OpenDataset, metadata: Metadata, { epoch, signal, models }: ProfileOptions): Promise<Measured> {
  const { storage, compiled, random } = dataset
  const profiler = profilerOf(dataset)
  const tokens = createTokenCounts(compiled, random, metadata.actual_num_records)
  const judges = createJudgeProfiles(compiled, random)
  await readAll(dataset, { profiler, tokens, judges, signal })
  const mayCall = async (): Promise<void> => {
    signal.throwIfAborted()
    await requireEpoch(storage, epoch)
  }
  const summaries = await openJudgeSummaries(storage, { models, random, signal, mayCall })
  const judged = await judges.result(summaries)
  await mayCall()
  await summaries.tidy()
  const statistics = profiler.result().map((column) => withTokens(column, tokens))
  return { statistics, judged }
}

function withTokens(column: ColumnStatistics, tokens: TokenCounts): ColumnStatistics {
  const counted = tokens.of(column.column_name)
  return counted === undefined ? column : { ...column, ...counted, parquetry: { ...column.parquetry, tokens: TOKEN_METHOD } }
}

function profilerOf({ compiled }: OpenDataset): Profiler {
  const columns = new Map(compiled.columns.map((column) => [column.name, column]))
  return createProfiler(
    compiled.schema.map(({ name, type }) => {
      const column = columns.get(name)
      return {
        name,
        columnType: column?.column_type ?? 'side-effect',
        valueType: type,
        ...(column?.column_type === 'sampler' ? { samplerType: column.sampler_type } : {}),
      }
    }),
  )
}

/** One pass over the row groups. Dropped columns are read only where a prompt that is rendered again needs them. */
async function readAll(
  { storage, segments }: OpenDataset,
  { profiler, tokens, judges, signal }: { profiler: Profiler; tokens: TokenCounts; judges: JudgeProfiles; signal: AbortSignal },
): Promise<void> {
  const { droppedInputs } = tokens
  let position = 0
  for (const { id } of rowGroupsOf(segments, 0, rowGroupCount(segments))) {
    const table = await tableOf(storage, keys.rowGroup(id))
    if (table !== null) {
      const isNeeded = droppedInputs.length > 0 && tokens.isSampled(position, table.rowCount)
      const dropped = isNeeded ? await tableOf(storage, keys.sidecar(keys.droppedColumnsFolder, id)) : null
      profiler.add(table)
      judges.add(table, position)
      tokens.add(table, position, dropped)
      position += table.rowCount
    }
    // A row group is some milliseconds of work; heartbeats and sockets get their turn between two.
    await new Promise<void>((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  }
}

async function tableOf(storage: Storage, key: string): Promise<Table | null> {
  const bytes = await storage.read(key)
  return bytes === null ? null : (await readTable(bytes)).table
}

function withProfile(
  metadata: Metadata,
  { madeFrom, statistics, judged, dataset }: Measured & { readonly madeFrom: string; readonly dataset: OpenDataset },
): Metadata {
  const { compiled } = dataset
  const { profilers: _before, summaries_missing: _missing, summaries_usage: _usage, ...parquetry } = metadata.parquetry
  const { column_profiles: _profiles, ...rest } = metadata
  const made = new Set(compiled.columns.map(({ name }) => name))
  const profilers = hashOfProfilers(compiled.profilers)
  return {
    ...rest,
    column_statistics: statistics,
    side_effect_column_names: compiled.schema.map(({ name }) => name).filter((name) => !made.has(name)),
    ...(judged.profiles.length === 0 ? {} : { column_profiles: judged.profiles }),
    parquetry: {
      ...parquetry,
      profile_made_from: madeFrom,
      ...(profilers === undefined ? {} : { profilers }),
      ...(judged.missing.length === 0 ? {} : { summaries_missing: judged.missing.length }),
      ...(judged.usage.calls === 0 ? {} : { summaries_usage: judged.usage }),
    },
  }
}
