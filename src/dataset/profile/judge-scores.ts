/**
 * What judges said, score by score, in one pass: how often each option was given, its statistics where the options are numbers, and a sample
 * of reasons. The sample is a function of the seed and the rows' places (the rows with the least random numbers), so that it is the same
 * each time, uniform, and no larger than it is asked for.
 */
import type { LlmJudgeColumn } from '../../config/compiled.ts'
import { judgeOptions } from '../../plan/judge-schema.ts'
import type { Random } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import { createMoments } from './moments.ts'
import { createQuantiles } from './quantiles.ts'
import type { CategoricalDistribution, DistributionType, NumericalDistribution } from './statistics.ts'
import { UNAVAILABLE } from './statistics.ts'

/** A score that a judge gave, and why. */
export interface ScoreSample {
  readonly score: string | number
  readonly reasoning: string
}

/** What is known of one score. */
export interface ScoreProfile {
  readonly name: string
  readonly distributionType: DistributionType
  /** `--` without scores. */
  readonly distribution: NumericalDistribution | CategoricalDistribution | typeof UNAVAILABLE
  /** Options in the order of the config; those that were never given are not in it. */
  readonly histogram: CategoricalDistribution['histogram'] | typeof UNAVAILABLE
  /** In the order of the rows. */
  readonly samples: readonly ScoreSample[]
}

/** Collects the scores of a judge column. */
export interface JudgeScores {
  readonly column: LlmJudgeColumn
  /** The cell of the written row at `position`. */
  add(cell: Value, position: number): void
  result(): readonly ScoreProfile[]
}

/** Characters of a reason that are kept. */
const MOST_CHARACTERS = 2_000

/** Nothing collected yet. `sampleSize` rows are kept of each score. */
export function createJudgeScores(column: LlmJudgeColumn, random: Random, sampleSize: number): JudgeScores {
  const scores = column.scores.map(({ name, options }) => createScore(name, judgeOptions(options), sampleSize))
  return {
    column,
    add(cell, position): void {
      if (!isGroup(cell)) return
      for (const [index, { name }] of column.scores.entries()) {
        const judged = cell[name]
        if (isGroup(judged)) scores[index]?.add(judged, random.stream(`${column.name}.${name}`, position, 0, 0, 'profile').next(), position)
      }
    },
    result: () => scores.map((score) => score.result()),
  }
}

interface Drawn {
  readonly key: number
  readonly position: number
  readonly sample: ScoreSample
}

function createScore(
  name: string,
  options: readonly (string | number)[],
  sampleSize: number,
): { add(judged: Readonly<Record<string, Value>>, key: number, position: number): void; result(): ScoreProfile } {
  const counts = new Map<string | number, number>()
  const moments = createMoments()
  const quantiles = createQuantiles(1_000_000)
  const isNumerical = options.every((option) => typeof option === 'number')
  const drawn: Drawn[] = []
  return {
    add(judged, key, position): void {
      const { score: given, reasoning } = judged
      const score = typeof given === 'bigint' ? Number(given) : given
      if (typeof score !== 'string' && typeof score !== 'number') return
      counts.set(score, (counts.get(score) ?? 0) + 1)
      if (isNumerical) {
        moments.add(Number(score))
        quantiles.add(Number(score))
      }
      if (sampleSize === 0 || (drawn.length === sampleSize && key >= (drawn.at(-1)?.key ?? 0))) return
      const text = typeof reasoning === 'string' ? reasoning.slice(0, MOST_CHARACTERS) : ''
      const at = drawn.findIndex((other) => other.key > key)
      drawn.splice(at === -1 ? drawn.length : at, 0, { key, position, sample: { score, reasoning: text } })
      if (drawn.length > sampleSize) drawn.pop()
    },
    result() {
      const samples = drawn.toSorted((a, b) => a.position - b.position).map(({ sample }) => sample)
      if (counts.size === 0) return { name, distributionType: 'unknown', distribution: UNAVAILABLE, histogram: UNAVAILABLE, samples }
      const place = new Map(options.map((option, index) => [option, index]))
      const listed = [...counts].sort(([a], [b]) => (place.get(a) ?? options.length) - (place.get(b) ?? options.length))
      const histogram = { categories: listed.map(([option]) => option), counts: listed.map(([, count]) => count) }
      const ranked = listed.toSorted(([, a], [, b]) => b - a)
      const { min, max, mean, stddev } = moments
      const distribution = isNumerical
        ? // DataDesigner's distributions know no unknown spread.
          stddev === null
          ? UNAVAILABLE
          : { min, max, mean, stddev, median: quantiles.median() }
        : { most_common_value: ranked[0]?.[0] ?? null, least_common_value: ranked.at(-1)?.[0] ?? null, histogram }
      return {
        name,
        distributionType: distribution === UNAVAILABLE ? 'unknown' : isNumerical ? 'numerical' : 'categorical',
        distribution,
        histogram,
        samples,
      }
    },
  }
}

function isGroup(value: Value | undefined): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
