/** `column_profiles` of `metadata.json`: what judges said, in DataDesigner's form, with summaries where profilers ask for them. */
import type { CompiledDataset, LlmJudgeColumn } from '../../config/compiled.ts'
import type { Usage } from '../../contract.ts'
import type { Random } from '../../random/random.ts'
import type { Table } from '../../values.ts'
import { createJudgeScores } from './judge-scores.ts'
import type { JudgeScores, ScoreProfile, ScoreSample } from './judge-scores.ts'
import { usageOf } from './judge-summaries.ts'
import type { JudgeSummaries, JudgeSummary } from './judge-summaries.ts'
import type { CategoricalDistribution, DistributionType, NumericalDistribution, UNAVAILABLE } from './statistics.ts'

/** DataDesigner's `JudgeScoreProfilerResults`. Its lists of all scores and reasons stay empty: they are as long as the dataset. */
export interface JudgeProfile {
  readonly column_name: string
  /** Score → summary; only where one was asked for. */
  readonly summaries: Readonly<
    Record<string, { readonly score_name: string; readonly summary: string; readonly score_samples: readonly ScoreSample[] }>
  >
  readonly score_distributions: {
    readonly scores: Readonly<Record<string, readonly never[]>>
    readonly reasoning: Readonly<Record<string, readonly never[]>>
    readonly distribution_types: Readonly<Record<string, DistributionType>>
    readonly distributions: Readonly<Record<string, NumericalDistribution | CategoricalDistribution | typeof UNAVAILABLE>>
    readonly histograms: Readonly<Record<string, CategoricalDistribution['histogram'] | typeof UNAVAILABLE>>
  }
}

/** Collects what judges said. */
export interface JudgeProfiles {
  /** One more row group, whose first row is the written one at `position`. */
  add(table: Table, position: number): void
  /** One profile a judge column, or one a profiler and judge column. Throws what asking throws. */
  result(summaries: JudgeSummaries): Promise<JudgeProfilesResult>
}

/** All profiles, and what came of their summaries. */
export interface JudgeProfilesResult {
  readonly profiles: readonly JudgeProfile[]
  readonly usage: Usage
  /** `quality.tone: MODEL_UNREACHABLE: …`, one for each summary that is missing. */
  readonly missing: readonly string[]
}

/** What a summary says that no model wrote, as DataDesigner's do. */
export const NO_SUMMARY = 'Score summarization failed'

/** Nothing collected yet. Judge columns without a profiler get their distributions alone. */
export function createJudgeProfiles({ columns, schema, profilers, models }: CompiledDataset, random: Random): JudgeProfiles {
  const kept = new Set(schema.map(({ name }) => name))
  const judges = columns.filter((column): column is LlmJudgeColumn => column.column_type === 'llm-judge' && kept.has(column.name))
  const asked = profilers.length === 0 ? [null] : profilers
  const collected = asked.flatMap((profiler) =>
    judges.map((column) => ({ profiler, scores: createJudgeScores(column, random, profiler?.summary_score_sample_size ?? 0) })),
  )
  return {
    add(table, position): void {
      for (const { scores } of collected) {
        for (const [at, cell] of (table.columns.get(scores.column.name) ?? []).entries()) scores.add(cell, position + at)
      }
    },
    async result(summaries) {
      const profiles: JudgeProfile[] = []
      const all: JudgeSummary[] = []
      const missing: string[] = []
      for (const { profiler, scores } of collected) {
        const model = profiler === null || profiler.summary_score_sample_size === null ? undefined : models[profiler.model_alias]
        const written = new Map<string, JudgeSummary>()
        const found = scores.result()
        for (const score of model === undefined ? [] : found) {
          const summary = await summaries.summarise(scores.column.name, score, model!)
          written.set(score.name, summary)
          all.push(summary)
          if (summary.kind === 'missing') missing.push(`${scores.column.name}.${score.name}: ${summary.why}`)
        }
        profiles.push(profileOf(scores, found, written))
      }
      return { profiles, usage: usageOf(all), missing }
    },
  }
}

function profileOf({ column }: JudgeScores, scores: readonly ScoreProfile[], written: ReadonlyMap<string, JudgeSummary>): JudgeProfile {
  const byName = <T>(pick: (score: ScoreProfile) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(scores.map((score) => [score.name, pick(score)]))
  return {
    column_name: column.name,
    summaries: Object.fromEntries(
      scores.flatMap(({ name, samples }) => {
        const summary = written.get(name)
        return summary === undefined ? [] : [[name, { score_name: name, summary: textOf(summary), score_samples: samples }]]
      }),
    ),
    score_distributions: {
      scores: byName(() => []),
      reasoning: byName(() => []),
      distribution_types: byName(({ distributionType }) => distributionType),
      distributions: byName(({ distribution }) => distribution),
      histograms: byName(({ histogram }) => histogram),
    },
  }
}

function textOf(summary: JudgeSummary): string {
  if (summary.kind === 'written') return summary.text
  return summary.kind === 'missing' ? `${NO_SUMMARY}: ${summary.why}` : 'No judge score information available to summarize.'
}
