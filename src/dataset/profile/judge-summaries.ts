/**
 * Summaries of judge scores by a model. Each is asked for once: the answer is on disk, under the hash of the whole request, before its
 * call ends, and the request is made of nothing but the scores and reasons. So the same data ask for nothing again, whoever profiles them.
 * A model that is away costs a summary, never the profile: what is missing is said, and asking again fills it.
 */
import type { CompiledModel } from '../../config/compiled.ts'
import type { Usage } from '../../contract.ts'
import { addUsage, NO_USAGE } from '../../contract.ts'
import { isParquetryError } from '../../errors.ts'
import { fixedParameters, withDrawnParameters } from '../../columns/inference-parameters.ts'
import { withoutThoughts } from '../../columns/without-thoughts.ts'
import type { ChatRequest, Models } from '../../model/client.ts'
import { costOf } from '../../plan/pricing.ts'
import type { Random } from '../../random/random.ts'
import type { Storage } from '../../storage/storage.ts'
import { answerKey } from '../journal/answer-key.ts'
import { keys } from '../layout.ts'
import { tryReadJson } from '../stored-files.ts'
import type { ScoreProfile } from './judge-scores.ts'
import { UNAVAILABLE } from './statistics.ts'

/** A summary, or why there is none. */
export type JudgeSummary =
  | { readonly kind: 'written'; readonly text: string; readonly usage: Usage }
  /** Asking again may bring one. */
  | { readonly kind: 'missing'; readonly why: string }
  /** There are no scores, or the model had nothing to say: asking again would bring the same. */
  | { readonly kind: 'nothing' }

/** Asks for summaries. */
export interface JudgeSummaries {
  summarise(column: string, score: ScoreProfile, model: CompiledModel): Promise<JudgeSummary>
  /** Forgets the answers that were not used since it was opened. */
  tidy(): Promise<void>
}

/** What asking takes. */
export interface SummaryPorts {
  readonly models: Models
  readonly random: Random
  readonly signal: AbortSignal
  /** Called before each call; its rejection ends the profile: another run owns the folder. */
  readonly mayCall: () => Promise<void>
}

/** An answer on disk. */
interface StoredAnswer {
  readonly content: string
  readonly usage: Usage
}

/** Opens what was answered before. A file that is no JSON counts as empty. */
export async function openJudgeSummaries(storage: Storage, ports: SummaryPorts): Promise<JudgeSummaries> {
  const answers = new Map<string, StoredAnswer>(Object.entries(await readAnswers(storage)))
  const used = new Set<string>()
  /** Models that did not answer: others of this profile do not wait for them too. */
  const away = new Map<string, string>()
  const write = async (): Promise<void> => {
    await storage.writeAtomic(keys.judgeSummaries, `${JSON.stringify({ version: 1, answers: Object.fromEntries(answers) }, null, 2)}\n`)
  }
  return {
    async summarise(column, score, model) {
      const request = requestOf(column, score, model, ports.random)
      if (request === null) return { kind: 'nothing' }
      const key = answerKey(request, { row: 0, column: `${column}.${score.name}`, refill: 0, restart: 0, step: 0 })
      used.add(key)
      const { alias } = model.target
      const gone = away.get(alias)
      if (!answers.has(key) && gone !== undefined) return { kind: 'missing', why: gone }
      if (!answers.has(key)) {
        await ports.mayCall()
        try {
          await ports.models.client(model.target).complete(request, {
            signal: ports.signal,
            keep: async ({ content, usage }) => {
              const { inputTokens, outputTokens } = usage
              answers.set(key, { content, usage: { calls: 1, inputTokens, outputTokens, cost: costOf(usage, model.price) } })
              await write()
            },
          })
        } catch (error) {
          if (ports.signal.aborted || !isParquetryError(error) || !error.code.startsWith('MODEL_')) throw error
          const why = `${error.code}: ${error.message}`
          if (error.kind === 'blocked') away.set(alias, why)
          if (!answers.has(key)) return { kind: 'missing', why }
        }
      }
      const answer = answers.get(key)
      const text = withoutThoughts(answer?.content ?? '')
      if (answer === undefined || text === null || text === '') return { kind: 'nothing' }
      return { kind: 'written', text: text.slice(0, MOST_CHARACTERS), usage: answer.usage }
    },
    async tidy() {
      const stale = [...answers.keys()].filter((key) => !used.has(key))
      for (const key of stale) answers.delete(key)
      if (stale.length > 0) await write()
    },
  }
}

/** Of a summary: it was asked to be below 75 words. */
const MOST_CHARACTERS = 4_000

const SYSTEM =
  'You condense many assessments into one short, balanced text. You are specific: you say what the scores show, and what the reasons name.'

/** The request for a summary: the same for the same scores and reasons. Null without scores. */
function requestOf(
  column: string,
  { name, distribution, histogram, samples }: ScoreProfile,
  model: CompiledModel,
  random: Random,
): ChatRequest | null {
  if (histogram === UNAVAILABLE || samples.length === 0) return null
  const total = histogram.counts.reduce((sum, count) => sum + count, 0)
  const shares = histogram.categories.map((category, index) => {
    const count = histogram.counts[index] ?? 0
    return `${String(category)}: ${count} records (${((100 * count) / total).toFixed(1)} %)`
  })
  const mean =
    distribution !== UNAVAILABLE && 'mean' in distribution && distribution.mean !== null ? ` Mean ${distribution.mean.toFixed(2)}.` : ''
  const content = [
    `A judge scored every record of a dataset for "${name}" (column "${column}").`,
    `Scores: ${shares.join(', ')}.${mean}`,
    '',
    `Reasons of ${samples.length} records, picked at random:`,
    ...samples.map(({ score, reasoning }) => `- ${String(score)}: ${reasoning.replaceAll(/\s+/g, ' ').trim()}`),
    '',
    'Summarise them in fewer than 75 words: what works well, and what is to be improved. Plain sentences, without title, list or quotation marks.',
  ].join('\n')
  const messages = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content },
  ] as const
  const place = { row: 0, column: `${column}.${name}`, refill: 0, restart: 0, step: 0 }
  return withDrawnParameters({ ...fixedParameters(model), messages }, model, place, random)
}

async function readAnswers(storage: Storage): Promise<Readonly<Record<string, StoredAnswer>>> {
  const file = await tryReadJson(storage, keys.judgeSummaries)
  const answers = typeof file === 'object' ? (file as { readonly answers?: unknown }).answers : undefined
  if (typeof answers !== 'object' || answers === null) return {}
  return Object.fromEntries(
    Object.entries(answers as Record<string, unknown>).filter((entry): entry is [string, StoredAnswer] => isAnswer(entry[1])),
  )
}

function isAnswer(value: unknown): value is StoredAnswer {
  const { content, usage } = (typeof value === 'object' && value !== null ? value : {}) as Partial<StoredAnswer>
  const { calls, inputTokens, outputTokens, cost } = usage ?? {}
  return typeof content === 'string' && [calls, inputTokens, outputTokens, cost].every((number) => typeof number === 'number')
}

/** What all summaries used. */
export function usageOf(summaries: readonly JudgeSummary[]): Usage {
  return summaries.reduce((sum, summary) => (summary.kind === 'written' ? addUsage(sum, summary.usage) : sum), NO_USAGE)
}
