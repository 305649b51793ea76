/** From a composite's file to its stages: each field, names, and which stage seeds which. The configs of the stages are compiled elsewhere. */
import { checkFolderName } from '../config/check-names.ts'
import { readPart } from '../config/issues.ts'
import { isMapping } from '../config/paths.ts'
import type { Path } from '../config/paths.ts'
import type { Report } from '../config/problems.ts'
import { suggest } from '../config/suggest.ts'
import { compositeFrame, stageFrame } from './schema-composite.ts'
import type { StageFrame } from './schema-composite.ts'

/** A stage with its place. */
export interface ReadStage extends StageFrame {
  readonly index: number
  /** `index` of the stage whose output seeds it; null for one that begins by itself. */
  readonly upstream: number | null
}

/** A composite as read; stages that cannot be read are missing, and reported. */
export interface ReadComposite {
  readonly name: string
  readonly stages: readonly ReadStage[]
}

/** True for what is meant to be a composite and not a config. */
export function isComposite(value: unknown): boolean {
  return isMapping(value) && 'stages' in value
}

/** Parameters of DataDesigner's `add_stage` that a file cannot have, and what to write instead. */
const NOT_YET: Readonly<Record<string, string>> = {
  on_success:
    '"on_success" is a Python callable, which no file can hold and which cannot cross to a worker; register a dataset processor on the worker (datasetProcessors), name it under parquetry.processors of the stage\'s config, and give output: processor:<name>',
  on_success_version: '"on_success_version" belongs to on_success, which is not supported; give the dataset processor a version instead',
  output_processors:
    '"output_processors" are not supported; put them among the processors of the stage\'s config and give output: processor:<name>',
}

/** Reads the file's value; all that is wrong is reported. */
export function readComposite(value: unknown, report: Report): ReadComposite | null {
  const frame = readPart(compositeFrame, value, [], report)
  if (frame === null) return null
  checkFolderName(frame.name, ['name'], report)
  const known = frame.stages.map((stage) => (typeof stage['name'] === 'string' ? stage['name'] : ''))
  const stages: ReadStage[] = []
  for (const [index, raw] of frame.stages.entries()) {
    const path: Path = ['stages', index]
    const stage = readPart(stageFrame, withoutNotYet(raw, path, report), path, report)
    if (stage === null) continue
    checkFolderName(stage.name, [...path, 'name'], report)
    if (known.indexOf(stage.name) < index) report.error([...path, 'name'], `expected unique names of stages, found "${stage.name}" twice`)
    const upstream = upstreamOf(stage, index, known, [...path, 'depends_on'], report)
    if (upstream === null) refuseIdle(stage, path, report)
    stages.push({ ...stage, index, upstream })
  }
  return { name: frame.name, stages }
}

function withoutNotYet(raw: Readonly<Record<string, unknown>>, path: Path, report: Report): object {
  for (const [field, message] of Object.entries(NOT_YET)) if (field in raw) report.notYet([...path, field], message)
  return Object.fromEntries(Object.entries(raw).filter(([field]) => !Object.hasOwn(NOT_YET, field)))
}

function upstreamOf(stage: StageFrame, index: number, known: readonly string[], path: Path, report: Report): number | null {
  if (stage.depends_on === undefined) return index === 0 ? null : index - 1
  const names = typeof stage.depends_on === 'string' ? [stage.depends_on] : stage.depends_on
  if (names.length > 1) {
    report.notYet(
      [...path, 1],
      `a stage is seeded by one stage, found ${names.length}; join them in a stage of their own, or name the one that matters`,
    )
  }
  const [name] = names
  if (name === undefined) return null
  const upstream = known.indexOf(name)
  if (upstream >= 0 && upstream < index) return upstream
  const earlier = known.slice(0, index)
  report.error(
    path,
    upstream < 0
      ? `no stage has the name "${name}".${suggest(name, known)}`
      : `expected the name of an earlier stage (${earlier.join(', ') || 'there is none'}), found "${name}"`,
  )
  return index === 0 ? null : index - 1
}

/** How rows given are taken means nothing where none are given. */
function refuseIdle(stage: StageFrame, path: Path, report: Report): void {
  if (stage.sampling_strategy !== 'ordered' || stage.selection_strategy !== null) {
    report.warn(path, 'sampling_strategy and selection_strategy are passed over, for no stage seeds this one; its own seed_config has them')
  }
}
