/** zod schemas of what validation columns have, one of params for each kind of validator. DataDesigner repeats the kind inside. */
import { z } from 'zod'
import { CHECKED_LANGUAGES } from '../plan/code-checks.ts'

/** Params of a checker of code. */
export const codeValidatorParams = z.strictObject({
  validator_type: z.literal('code').default('code'),
  code_lang: z.enum(CHECKED_LANGUAGES).describe('Language of the code: python, or a dialect of SQL.'),
})
/** Params of a validator elsewhere. */
export const remoteValidatorParams = z.strictObject({
  validator_type: z.literal('remote').default('remote'),
  endpoint_url: z
    .string()
    .describe('Receives POST {"data": [records]} and answers {"data": [{"is_valid": true, ...}]}, one for each record.'),
  output_schema: z
    .record(z.string(), z.unknown())
    .nullable()
    .default(null)
    .describe('JSON schema of the whole answer; fixes the type of the column. Without it the column is JSON.'),
  timeout: z.number().gt(0).default(30).describe('Seconds for one request.'),
  max_retries: z.int().min(0).default(3).describe('Repetitions of a request that failed, before the run waits.'),
  retry_backoff: z.number().gt(1).default(2).describe('Seconds before the first repetition; doubled each time.'),
  max_parallel_requests: z.int().min(1).default(4).describe('Requests open at once, over all row groups of a worker.'),
})

/** What validation columns of all kinds have. */
export const validationFields = {
  target_columns: z.array(z.string()).min(1).describe('Columns that are judged. Of code each has a result of its own.'),
  batch_size: z.int().min(1).default(10).describe('Records that a remote validator is sent at once.'),
} as const
