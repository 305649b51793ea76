/** A classified failure as the error that people read: what was expected, what came, and how to get on. */
import { type ErrorCode, ParquetryError } from '../errors.ts'
import type { ModelTarget } from './client.ts'
import type { Failure } from './errors.ts'

/** The error of a call that failed after `attempts` requests. `failure.message` must be redacted already. */
export function toModelError(failure: Failure, target: ModelTarget, attempts: number): ParquetryError {
  const model = `Model "${target.alias}" (${target.model} at provider "${target.provider.name}")`
  const times = attempts > 1 ? ` after ${attempts} attempts` : ''
  const found = failure.status === null ? failure.message : `status ${failure.status}: ${failure.message}`
  return new ParquetryError(failure.code, `${model} should have answered, but ${SITUATION[failure.code] ?? 'failed'}${times} (${found}).`, {
    alias: target.alias,
    model: target.model,
    provider: target.provider.name,
    attempts,
    wayOut: wayOutOf(failure.code, target),
    ...(failure.status === null ? {} : { status: failure.status }),
    ...(failure.retryAfterMs === null ? {} : { retryAfterMs: Math.ceil(failure.retryAfterMs) }),
  })
}

const SITUATION: Partial<Record<ErrorCode, string>> = {
  MODEL_AUTH: 'the provider refused the key',
  MODEL_PERMISSION: 'the provider does not allow this call',
  MODEL_NOT_FOUND: 'the provider has no such model or address',
  MODEL_QUOTA: 'the account has no quota or credit left',
  MODEL_RATE_LIMITED: 'the provider keeps limiting the rate',
  MODEL_TIMEOUT: 'no whole answer came in time',
  MODEL_UNAVAILABLE: 'the provider is failing',
  MODEL_UNREACHABLE: 'no connection could be made or kept',
  MODEL_CONTEXT_TOO_LONG: 'the request is longer than the model reads',
  MODEL_CONTENT_FILTERED: 'a content filter or the model itself refused',
  MODEL_BAD_REQUEST: 'the provider refused the request as it is',
  ANSWER_INVALID: 'the answer cannot be used',
}

const WAY_OUT: Partial<Record<ErrorCode, (target: ModelTarget) => string>> = {
  MODEL_AUTH: ({ provider }) =>
    provider.apiKeyEnv === null
      ? `Check the credentials of provider "${provider.name}".`
      : `Put a valid key into ${provider.apiKeyEnv} where the worker runs, and restart the worker.`,
  MODEL_PERMISSION: ({ model }) => `Check that the key's account may use ${model}, and what the provider says.`,
  MODEL_NOT_FOUND: ({ model, provider }) =>
    `Check the model name "${model}" and the endpoint of provider "${provider.name}": ${endpointForPeople(provider.endpoint)}.`,
  MODEL_QUOTA: ({ provider }) => `Add credit or raise the limit of the account at provider "${provider.name}", then resume.`,
  MODEL_RATE_LIMITED: ({ alias, maxParallelRequests }) =>
    `Wait, or lower max_parallel_requests of "${alias}" (now ${maxParallelRequests}).`,
  MODEL_TIMEOUT: ({ alias, timeoutMs }) =>
    `Raise the timeout of "${alias}" (now ${timeoutMs / 1000} s), lower max_parallel_requests, or ask for shorter answers.`,
  MODEL_UNREACHABLE: ({ provider }) =>
    `Check that the server at ${endpointForPeople(provider.endpoint)} runs and can be reached from the worker.`,
  MODEL_CONTEXT_TOO_LONG: () => 'Shorten the prompt or the columns it takes in, lower max_tokens, or use a model with a longer context.',
  MODEL_CONTENT_FILTERED: () => 'Reword the prompt, or use a model that answers it.',
  MODEL_BAD_REQUEST: ({ alias }) => `Check inference_parameters and extra_body of "${alias}" against what the provider says.`,
  ANSWER_INVALID: ({ alias }) => `Set max_tokens for "${alias}", and check that its endpoint is a model and not some other server.`,
}

function wayOutOf(code: ErrorCode, target: ModelTarget): string {
  return WAY_OUT[code]?.(target) ?? `Wait until provider "${target.provider.name}" works again; nothing that was answered is lost.`
}

/** Origin and path: a query or a user part could hold a secret. */
export function endpointForPeople(endpoint: string): string {
  if (!URL.canParse(endpoint)) return '(not a URL)'
  const url = new URL(endpoint)
  return `${url.origin}${url.pathname}`
}
