/**
 * Domain error → Temporal failure: the one table. `type` is our error code; what must not be retried says so.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import { isParquetryError, kindOfCode } from '../src/errors.ts'

/** How an activity takes blocked errors: a row group hands them to the workflow, which waits; the others are simply retried. */
export interface FailureOptions {
  readonly isBlockedRetried: boolean
}

/** Longest message of a failure, in characters: histories keep it. */
const MAX_MESSAGE = 1_500

/** Runs the operation and maps what it throws. */
export async function withFailures<T>(options: FailureOptions, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    throw toFailure(error, options)
  }
}

/** The failure that Temporal records. Cancellation passes unchanged. */
export function toFailure(error: unknown, options: FailureOptions): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error
  if (!isParquetryError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return ApplicationFailure.create({
      message: message.slice(0, MAX_MESSAGE),
      type: 'INTERNAL',
      nonRetryable: true,
      ...(error instanceof Error ? { cause: error } : {}),
    })
  }
  const kind = kindOfCode(error.code)
  const isRetried = kind === 'transient' || (kind === 'blocked' && options.isBlockedRetried)
  const { wayOut } = error.details
  const whatToDo = wayOut === undefined ? '' : `${/[.!?]$/u.test(error.message) ? '' : ';'} ${wayOut}`
  return ApplicationFailure.create({
    message: `${error.message}${whatToDo}`.slice(0, MAX_MESSAGE),
    type: error.code,
    nonRetryable: !isRetried,
    ...(error.details['budget'] === undefined ? {} : { details: [error.details['budget']] }),
    ...(error.details.retryAfterMs === undefined ? {} : { nextRetryDelay: error.details.retryAfterMs }),
  })
}
