/** Before a composite is started: which of its stages are not what their folders were made with, as far as their configs tell. */
import { join } from 'node:path'
import { SEED_DATA } from '../config/fingerprint.ts'
import { readMetadata } from '../dataset/metadata.ts'
import type { Storage } from '../storage/storage.ts'
import type { CompiledComposite, CompiledStage } from './compile-composite.ts'

/** A stage that differs from its folder. */
export interface ChangedStage {
  readonly name: string
  /** `its columns question, answer`. */
  readonly why: string
}

/**
 * Compares all but the rows that a stage begins with, which are known only once the stage before it is complete. A stage without a folder
 * is no change.
 */
export async function changedStages(
  { location, stages }: Pick<CompiledComposite, 'location' | 'stages'>,
  openStorage: (location: string) => Storage,
): Promise<readonly ChangedStage[]> {
  const changed: ChangedStage[] = []
  for (const stage of stages) {
    const metadata = await readMetadata(openStorage(join(location, stage.folder)))
    if (metadata.kind !== 'ours') continue
    const { parquetry, target_num_records: target } = metadata.value
    const parts = differingParts(stage, parquetry.fingerprint.parts)
    const isFewer = stage.num_records !== null && stage.num_records !== target
    if (parts.length > 0)
      changed.push({ name: stage.name, why: `${parts.slice(0, 3).join(', ')}${parts.length > 3 ? ` and ${parts.length - 3} more` : ''}` })
    else if (isFewer) changed.push({ name: stage.name, why: `${stage.num_records} records instead of ${target}` })
  }
  return changed
}

/** Stages that are not complete as they would be made, and those that follow from them. */
export async function stagesToMake(
  { location, stages }: Pick<CompiledComposite, 'location' | 'stages'>,
  openStorage: (location: string) => Storage,
): Promise<readonly CompiledStage[]> {
  const changed = await changedStages({ location, stages }, openStorage)
  const open = new Set<number>()
  for (const stage of stages) {
    const metadata = await readMetadata(openStorage(join(location, stage.folder)))
    const isComplete = metadata.kind === 'ours' && metadata.value.parquetry.state === 'complete'
    const follows = stage.upstream !== null && open.has(stage.upstream)
    if (!isComplete || follows || changed.some(({ name }) => name === stage.name)) open.add(stage.index)
  }
  return stages.filter(({ index }) => open.has(index))
}

function differingParts(stage: CompiledStage, recorded: Readonly<Record<string, string>>): readonly string[] {
  const { parts } = stage.prepared.compiled.fingerprint
  const isOfRows = (part: string): boolean => stage.upstream !== null && (part === SEED_DATA || part === 'seed_config')
  // Nothing to compare with: a checkpoint that was rebuilt without the config.
  if (Object.keys(recorded).length === 0) return []
  return [...new Set([...Object.keys(recorded), ...Object.keys(parts)])].filter((part) => !isOfRows(part) && recorded[part] !== parts[part])
}
