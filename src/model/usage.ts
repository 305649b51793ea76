/** Counting what each model was asked and what it answered, since the worker started. */
import type { TokenUsage } from './client.ts'

/** Use of one provider and model. */
export interface ModelUsage {
  readonly provider: string
  readonly model: string
  /** HTTP requests sent, retries included: what a provider may bill or count against a limit. */
  readonly requests: number
  /** Calls answered. */
  readonly answered: number
  /** Calls that ended in an error of ours, cancellations not included. */
  readonly failed: number
  /** Requests that were answered with 429 (or 503 with Retry-After). */
  readonly rateLimited: number
  /** Requests repeated after a 5xx, a timeout or a connection error. */
  readonly retried: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Answers whose tokens were estimated, because the provider reported none. */
  readonly estimatedAnswers: number
}

/** The counters of one provider and model; only its owner changes them. */
export class UsageCounter {
  readonly #provider: string
  readonly #model: string
  requests = 0
  answered = 0
  failed = 0
  rateLimited = 0
  retried = 0
  inputTokens = 0
  outputTokens = 0
  estimatedAnswers = 0

  constructor(provider: string, model: string) {
    this.#provider = provider
    this.#model = model
  }

  /** Counts one answer. */
  addAnswer(usage: TokenUsage): void {
    this.answered++
    this.inputTokens += usage.inputTokens
    this.outputTokens += usage.outputTokens
    if (usage.estimated === true) this.estimatedAnswers++
  }

  /** A copy of the counts. */
  snapshot(): ModelUsage {
    const { requests, answered, failed, rateLimited, retried, inputTokens, outputTokens, estimatedAnswers } = this
    return {
      provider: this.#provider,
      model: this.#model,
      requests,
      answered,
      failed,
      rateLimited,
      retried,
      inputTokens,
      outputTokens,
      estimatedAnswers,
    }
  }
}
