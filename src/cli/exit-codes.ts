/** What the command's exit code says to a script. */
import type { DatasetResult } from '../contract.ts'
import { isParquetryError } from '../errors.ts'

/** Every exit code; also listed in README.md. */
export const EXIT = {
  /** Every row is accounted for, and no more are dropped than allowed. */
  complete: 0,
  /** The run failed, or Parquetry has a defect; `verify`: files are not what was written, are missing, or do not belong. */
  failed: 1,
  /** A mistake in the command, the config or the folder; nothing was started. */
  usage: 2,
  /** The run ended with more dropped rows than allowed (`--allow-dropped`); `verify`: what is there is sound, and it is not all. */
  incomplete: 3,
  /** The run waits for something (a key, an endpoint, disk space) and the command has left; resuming repeats no call. */
  waiting: 4,
  /** The folder holds an unfinished run, and neither `--resume always` nor `--resume never` was given. */
  undecided: 5,
  /** No Temporal server could be reached or started. */
  noServer: 6,
  /** Stopped by Ctrl-C or the `stop` message; resumable. */
  stopped: 130,
} as const

/** Exit code of an ended run. */
export function exitOfResult({ state }: DatasetResult): number {
  return EXIT[state]
}

/** Exit code of an error. */
export function exitOfError(error: unknown): number {
  if (!isParquetryError(error)) return EXIT.failed
  if (error.code === 'DATASET_UNFINISHED') return EXIT.undecided
  if (error.code === 'DATASET_INCOMPLETE') return EXIT.incomplete
  if (error.code.startsWith('TEMPORAL_')) return EXIT.noServer
  // The rows were made by then.
  if (error.code === 'PROCESSOR_FAILED' || error.code === 'STAGE_EMPTY') return EXIT.failed
  if (error.kind === 'user') return EXIT.usage
  return error.kind === 'blocked' ? EXIT.waiting : EXIT.failed
}
