/** `workflow-metadata.json`, in DataDesigner's layout and with its names: a view of the stages; what is made is decided by their folders. */
import { LIBRARY_VERSION } from '../config/stored.ts'
import { tryReadJson } from '../dataset/stored-files.ts'
import type { Storage } from '../storage/storage.ts'
import type { CompositeRequest, RequestedStage } from './composite-request.ts'
import { compositeKeys, stageFolder } from './layout.ts'

/** Status of a stage, as DataDesigner has them. */
export type StageStatus = 'running' | 'failed' | 'completed' | 'completed_empty' | 'skipped_empty_upstream'

/** Fields of a stage by DataDesigner's names; paths are relative to the composite's folder. */
export type StageEntry = { readonly status: StageStatus } & Readonly<Record<string, unknown>>

/** What stands of a stage from its start on, whatever becomes of it. */
export function baseEntry(stage: RequestedStage, stages: readonly RequestedStage[]): Readonly<Record<string, unknown>> {
  const upstream = stages.find(({ index }) => index === stage.upstream)
  return {
    index: stage.index,
    name: stage.name,
    stage_dir: stageFolder(stage),
    depends_on: upstream === undefined ? [] : [upstream.name],
    allow_empty: stage.allow_empty,
    on_success_version: null,
    output_processors: [],
    output: stage.output,
    sampling_strategy: stage.sampling_strategy,
    selection_strategy: stage.selection_strategy,
  }
}

/** The entry of a stage as it was written last; null when there is none. */
export async function readEntry(storage: Storage, stage: Pick<RequestedStage, 'index' | 'name'>): Promise<StageEntry | null> {
  const entries = await readEntries(storage)
  return entries.find(({ index, name }) => index === stage.index && name === stage.name) ?? null
}

/** Writes the entry of one stage; the other stages of the request keep theirs, stages that are no more lose them. */
export async function writeEntry(storage: Storage, request: CompositeRequest, entry: StageEntry): Promise<void> {
  const known = new Map(request.stages.map(({ index, name }) => [index, name]))
  const others = (await readEntries(storage)).filter(({ index, name }) => index !== entry['index'] && known.get(index as number) === name)
  const stages = [...others, entry].toSorted((one, other) => Number(one['index']) - Number(other['index']))
  const metadata = { name: request.name, library_version: LIBRARY_VERSION, stages }
  await storage.writeAtomic(compositeKeys.metadata, `${JSON.stringify(sorted(metadata), null, 2)}\n`)
}

/** A file that cannot be read is written anew. */
async function readEntries(storage: Storage): Promise<readonly StageEntry[]> {
  const reading = await tryReadJson(storage, compositeKeys.metadata)
  const { stages } = (typeof reading === 'object' ? reading : {}) as { readonly stages?: unknown }
  return Array.isArray(stages) ? stages.filter((entry): entry is StageEntry => typeof entry === 'object' && entry !== null) : []
}

/** With the keys of mappings in order, as DataDesigner writes them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
