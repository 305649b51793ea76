/**
 * Every failure a person or a caller can meet, by stable code.
 *
 * The *kind* of a code says what happens because of it, and is decided here and nowhere else:
 * - `user`: a mistake in the input. Never retried; exit code 2; no stack trace.
 * - `content`: this one row cannot be made (design ruling 1). Drops the row, or uses up a refill.
 * - `blocked`: no attempt can succeed for now. Never drops a row; the run waits and says why.
 * - `transient`: retried by Temporal's policy without anybody noticing.
 * - `internal`: a defect of Parquetry. Fails the run, with a stack trace.
 */
export type ErrorKind = 'user' | 'content' | 'blocked' | 'transient' | 'internal'

const KIND_OF_CODE = {
  // the config and the command
  CONFIG_NOT_FOUND: 'user',
  CONFIG_UNREADABLE: 'user',
  CONFIG_INVALID: 'user',
  CONFIG_NOT_YET: 'user',
  USAGE: 'user',
  TEMPLATE_INVALID: 'user',
  SEED_DATA_UNREADABLE: 'user',
  SEED_DATA_CHANGED: 'user',
  CONSTRAINT_UNSATISFIABLE: 'user',
  // the folder
  DATASET_NAME_INVALID: 'user',
  ARTIFACT_PATH_NOT_WRITABLE: 'user',
  DATASET_NOT_FOUND: 'user',
  DATASET_DAMAGED: 'user',
  DATASET_UNFINISHED: 'user',
  DATASET_OPEN_ELSEWHERE: 'user',
  DATASET_MOVED: 'user',
  DATASET_INCOMPLETE: 'user',
  NOTHING_TO_RESUME: 'user',
  RESUME_INCOMPATIBLE: 'user',
  NUM_RECORDS_MISMATCH: 'user',
  BUFFER_SIZE_MISMATCH: 'user',
  SEED_MISMATCH: 'user',
  METADATA_DAMAGED: 'user',
  LINK_NOT_SUPPORTED: 'user',
  DATASET_NOT_VISIBLE: 'transient',
  DISK_FULL: 'blocked',
  STORAGE_FAILED: 'blocked',
  // the hub
  HUB_TOKEN_MISSING: 'user',
  HUB_FORBIDDEN: 'user',
  HUB_REFUSED: 'user',
  HUB_UNAVAILABLE: 'blocked',
  // one row
  TEMPLATE_FAILED: 'content',
  EMPTY_PROMPT: 'content',
  MEDIA_INVALID: 'content',
  EXPRESSION_EMPTY: 'content',
  EXPRESSION_CAST: 'content',
  VALUE_NOT_REPRESENTABLE: 'content',
  ANSWER_INVALID: 'content',
  CUSTOM_CELL_FAILED: 'content',
  MODEL_BAD_REQUEST: 'content',
  MODEL_CONTEXT_TOO_LONG: 'content',
  MODEL_CONTENT_FILTERED: 'content',
  CODE_UNCHECKABLE: 'content',
  VALIDATOR_REFUSED: 'content',
  // models and providers
  MODEL_KEY_MISSING: 'blocked',
  MODEL_AUTH: 'blocked',
  MODEL_PERMISSION: 'blocked',
  MODEL_NOT_FOUND: 'blocked',
  MODEL_QUOTA: 'blocked',
  MODEL_RATE_LIMITED: 'blocked',
  MODEL_UNAVAILABLE: 'blocked',
  MODEL_TIMEOUT: 'blocked',
  MODEL_UNREACHABLE: 'blocked',
  VALIDATOR_UNAVAILABLE: 'blocked',
  // custom columns
  CUSTOM_GENERATOR_MISSING: 'blocked',
  CUSTOM_COLUMN_FAILED: 'blocked',
  // tools and their servers
  TOOL_KEY_MISSING: 'blocked',
  TOOL_SERVER_AUTH: 'blocked',
  TOOL_SERVER_UNREACHABLE: 'blocked',
  TOOL_NOT_OFFERED: 'blocked',
  // the run
  TOO_MANY_DROPPED: 'blocked',
  ROW_GROUP_KILLS_WORKER: 'blocked',
  BUDGET_REACHED: 'blocked',
  PROCESSOR_FAILED: 'user',
  STAGE_EMPTY: 'user',
  TEMPORAL_UNREACHABLE: 'user',
  TEMPORAL_BINARY_UNAVAILABLE: 'user',
  TEMPORAL_SERVER_FAILED: 'user',
  RUN_NOT_OPEN: 'user',
  NO_WORKER: 'user',
  RUN_FAILED: 'internal',
  INTERNAL: 'internal',
} as const satisfies Record<string, ErrorKind>

/** Stable identity of an error; also the `type` of the Temporal `ApplicationFailure` it becomes. */
export type ErrorCode = keyof typeof KIND_OF_CODE

/** What happens because of an error with this code. Unknown codes are `internal`. */
export function kindOfCode(code: string): ErrorKind {
  return Object.hasOwn(KIND_OF_CODE, code) ? KIND_OF_CODE[code as ErrorCode] : 'internal'
}

/** One problem of a config: where it is, what is wrong, and the way out. */
export interface Problem {
  /** Path into the config, e.g. `columns[3].params.weights`; empty for the whole file. */
  readonly path: string
  /** What was expected, what was found, and the way out, in one or two sentences. */
  readonly message: string
  /** Warnings are printed and do not stop a run. */
  readonly level: 'error' | 'warning'
}

/** Extra facts of an error, all JSON-safe. Never a key, never a prompt. */
export interface ErrorDetails {
  /** All problems of a config, reported at once. */
  readonly problems?: readonly Problem[]
  /** Milliseconds after which a provider said that a retry may succeed. */
  readonly retryAfterMs?: number
  /** HTTP status that led to the error. */
  readonly status?: number
  /** What to type or change to get on; printed on a line of its own. */
  readonly wayOut?: string
  readonly [fact: string]: unknown
}

/**
 * The one error class. The message says what was expected and what was found; `details.wayOut` how to get on.
 * Compare by `code`, with `isParquetryError`, never by `instanceof` or text.
 */
export class ParquetryError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ParquetryError'
    this.code = code
    this.details = details
  }

  /** What happens because of this error. */
  get kind(): ErrorKind {
    return kindOfCode(this.code)
  }
}

/** True for every `ParquetryError`, also one from another copy of this module. */
export function isParquetryError(error: unknown): error is ParquetryError {
  return error instanceof Error && error.name === 'ParquetryError' && typeof (error as { code?: unknown }).code === 'string'
}
