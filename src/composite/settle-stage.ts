/** After the run of a stage: what it leaves for the next one is counted, and `workflow-metadata.json` says how it ended. */
import { join } from 'node:path'
import type { SettledStage, SettleStageInput, StageFacts } from '../composite-contract.ts'
import { readMetadata } from '../dataset/metadata.ts'
import type { Metadata } from '../dataset/metadata.ts'
import type { ResolvePorts } from '../dataset/resume/resolve-dataset.ts'
import { ParquetryError } from '../errors.ts'
import { readParquetFooters } from '../seed/read-parquet.ts'
import { findSeedFiles } from '../seed/find-files.ts'
import type { SeedPlace } from '../seed/source.ts'
import type { Storage } from '../storage/storage.ts'
import { readCompositeRequest, stageOf } from './composite-request.ts'
import type { CompositeRequest, RequestedStage } from './composite-request.ts'
import { stageFolder } from './layout.ts'
import { seedPathOf } from './stage-output.ts'
import { baseEntry, readEntry, writeEntry } from './workflow-metadata.ts'

/** Rows of a stage lie under an absolute path: nothing around it is looked at. */
export const UPSTREAM_PLACE: SeedPlace = { folders: ['/'], homeFolder: '/', env: {}, cacheFolder: '/' }

/** Settles. Throws `STAGE_EMPTY` for a complete stage whose output has no row, unless that is allowed. */
export async function settleStage(input: SettleStageInput, ports: Pick<ResolvePorts, 'openStorage'>): Promise<SettledStage> {
  const storage = ports.openStorage(input.composite.location)
  const request = await readCompositeRequest(storage, input.requestId)
  const stage = stageOf(request, input.index)
  const started = (await readEntry(storage, stage)) ?? baseEntry(stage, request.stages)
  const { durationMs } = input
  if (input.end === 'complete') {
    const metadata = await readMetadata(ports.openStorage(join(storage.describe(), stageFolder(stage))))
    if (metadata.kind !== 'ours')
      throw new ParquetryError('DATASET_DAMAGED', `expected metadata.json of stage "${stage.name}", found it ${metadata.kind}`)
    return await completeStage(storage, request, stage, { started, metadata: metadata.value, durationMs })
  }
  // A stage that was stopped goes on where it was: for DataDesigner that is one that runs.
  const status = input.end === 'stopped' ? 'running' : 'failed'
  await writeEntry(storage, request, { ...started, status, ...(status === 'failed' ? { duration_sec: durationMs / 1_000 } : {}) })
  return { outputRecords: 0 }
}

/** What is known when a stage is complete. */
export interface CompleteStage {
  /** Its entry from when it was started. */
  readonly started: Readonly<Record<string, unknown>>
  readonly metadata: Metadata
  /** Null for a stage that was complete already: it keeps the time it took. */
  readonly durationMs: number | null
}

/** Writes the entry of a complete stage and answers what follows from it. Throws `STAGE_EMPTY`. */
export async function completeStage(
  storage: Storage,
  request: CompositeRequest,
  stage: RequestedStage,
  { started, metadata, durationMs }: CompleteStage,
): Promise<StageFacts> {
  const { files } = await findSeedFiles(seedPathOf(storage.describe(), stageFolder(stage), stage.output_folder), UPSTREAM_PLACE)
  const { rowCount: outputRecords } = await readParquetFooters(files)
  const isRefused = outputRecords === 0 && !stage.allow_empty
  const before = durationMs === null ? (await readEntry(storage, stage))?.['duration_sec'] : durationMs / 1_000
  await writeEntry(storage, request, {
    ...started,
    duration_sec: typeof before === 'number' ? before : 0,
    ...(isRefused
      ? { status: 'failed' }
      : {
          status: outputRecords === 0 ? 'completed_empty' : 'completed',
          num_records_actual: metadata.actual_num_records,
          output_records: outputRecords,
          output_seed_path: `${stageFolder(stage)}/${stage.output_folder}`,
          callback_output_path: null,
          stage_output_override_path: null,
          output_processor_output_path: null,
        }),
  })
  if (isRefused) {
    throw new ParquetryError('STAGE_EMPTY', `expected rows in the output of stage "${stage.name}" (${stage.output}), found none`, {
      wayOut: 'set allow_empty: true to have the stages after it skipped, or look at why nothing is left',
    })
  }
  const { totals, rehearsal, currency } = metadata.parquetry
  return {
    location: join(storage.describe(), stageFolder(stage)),
    targetNumRecords: metadata.target_num_records,
    totals,
    outputRecords,
    rehearsal: rehearsal ?? false,
    currency: currency ?? null,
  }
}
