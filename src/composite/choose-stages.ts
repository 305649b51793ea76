/** Which stages a run sees to, and which of them it makes again: `targets` and `rerun_from` of DataDesigner. Pure. */
import { ParquetryError } from '../errors.ts'
import { suggest } from '../config/suggest.ts'

/** A stage, as far as the choice is concerned. */
export interface ChoosableStage {
  readonly index: number
  readonly name: string
  /** `index` of the stage before it, or null. */
  readonly upstream: number | null
}

/** Indices, in the order of the stages. */
export interface StageChoice {
  readonly wanted: readonly number[]
  readonly forced: readonly number[]
}

/**
 * `targets`: these stages and all before them that they follow from; default all. `rerunFrom`: this stage and all that follow from it are
 * made again; `isAnew`: every one is. Throws `USAGE`.
 */
export function chooseStages(
  stages: readonly ChoosableStage[],
  { targets, rerunFrom, isAnew }: { readonly targets?: readonly string[]; readonly rerunFrom?: string; readonly isAnew: boolean },
): StageChoice {
  const indexOf = (name: string, what: string): number => {
    const found = stages.find((stage) => stage.name === name)
    if (found !== undefined) return found.index
    const names = stages.map((stage) => stage.name)
    throw new ParquetryError('USAGE', `expected ${what} to name a stage (${names.join(', ')}), found "${name}".${suggest(name, names)}`)
  }
  if (targets?.length === 0) throw new ParquetryError('USAGE', 'expected at least one target stage, found none')
  const goals = targets?.map((name) => indexOf(name, 'the target')) ?? stages.map(({ index }) => index)
  const wanted = stages.filter(({ index }) => goals.some((goal) => lineOf(stages, goal).includes(index))).map(({ index }) => index)
  if (rerunFrom === undefined) return { wanted, forced: isAnew ? wanted : [] }
  if (isAnew) {
    throw new ParquetryError('USAGE', 'rerun_from goes on with what is there, and resume is never, which makes everything again', {
      wayOut: 'give one of the two',
    })
  }
  const first = indexOf(rerunFrom, 'rerun_from')
  if (!wanted.includes(first)) {
    throw new ParquetryError('USAGE', `expected rerun_from to be a target or a stage before one, found "${rerunFrom}"`, {
      wayOut: 'name a later target, or leave the targets out',
    })
  }
  return { wanted, forced: wanted.filter((index) => lineOf(stages, index).includes(first)) }
}

/** A stage and all that it follows from. */
function lineOf(stages: readonly ChoosableStage[], index: number): readonly number[] {
  const line: number[] = []
  for (let at: number | null = index; at !== null; at = stages.find((stage) => stage.index === at)?.upstream ?? null) line.push(at)
  return line
}
