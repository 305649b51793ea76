import { describe, expect, it } from 'vitest'
import { EXIT, exitOfError, exitOfResult } from '../../src/cli/exit-codes.ts'
import { EXIT_CODES_HELP } from '../../src/cli/help.ts'
import { EXIT_OUTPUT_CLOSED } from '../../src/cli/output.ts'
import type { DatasetResult } from '../../src/contract.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import { ParquetryError } from '../../src/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'

describe('exit codes', () => {
  it.each<[ErrorCode, number]>([
    ['CONFIG_INVALID', 2],
    ['CONFIG_NOT_YET', 2],
    ['DATASET_NAME_INVALID', 2],
    ['ARTIFACT_PATH_NOT_WRITABLE', 2],
    ['NUM_RECORDS_MISMATCH', 2],
    ['DATASET_UNFINISHED', 5],
    ['MODEL_KEY_MISSING', 4],
    ['MODEL_AUTH', 4],
    ['DISK_FULL', 4],
    ['TEMPORAL_UNREACHABLE', 6],
    ['TEMPORAL_BINARY_UNAVAILABLE', 6],
    ['RUN_FAILED', 1],
    ['PROCESSOR_FAILED', 1],
    ['INTERNAL', 1],
  ])('%s ends with %i', (code, exit) => expect(exitOfError(new ParquetryError(code, 'x'))).toBe(exit))

  it('a defect ends with 1', () => expect(exitOfError(new TypeError('x is not a function'))).toBe(1))

  it('a run ends with 0 only when it is complete', () => {
    const result: DatasetResult = {
      state: 'complete',
      generated: true,
      location: '/x',
      targetNumRecords: 1,
      totals: NO_TOTALS,
      produced: NO_TOTALS,
      findings: [],
    }
    expect((['complete', 'incomplete', 'stopped'] as const).map((state) => exitOfResult({ ...result, state }))).toEqual([0, 3, 130])
  })

  it('all of them stand in the help', () => {
    const listed = [...EXIT_CODES_HELP.matchAll(/^ {2}(\d+) /gm)].map(([, code]) => Number(code))
    expect(listed).toEqual([...Object.values(EXIT), EXIT_OUTPUT_CLOSED].toSorted((a, b) => a - b))
  })
})
