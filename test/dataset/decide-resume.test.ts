import { describe, expect, it } from 'vitest'
import type { FolderFacts, RunRequest } from '../../src/dataset/decide-resume.ts'
import { decideResume } from '../../src/dataset/decide-resume.ts'
import type { Metadata } from '../../src/dataset/metadata.ts'

const fingerprint = { hash: 'sha256:a', parts: { review: 'sha256:1', price: 'sha256:2' } }

function metadata(rowsWritten: number): Metadata {
  return {
    dataset_name: 'reviews',
    buffer_size: 10,
    target_num_records: 50,
    original_target_num_records: 50,
    actual_num_records: rowsWritten,
    total_num_batches: 0,
    num_completed_batches: 0,
    preserve_dropped_columns: true,
    parquetry: {
      version: 1,
      dataset_id: 'id',
      fingerprint,
      seed: '7',
      reference_time: '2026-01-01T00:00:00.000Z',
      request_id: 'r',
      segments: [{ firstId: 0, start: 0, end: 50, size: 10 }],
      epoch: 1,
      sequence: 1,
      state: 'generating',
      totals: { rowGroups: rowsWritten / 10, rowsWritten, rowsDropped: 0, usage: { calls: 0, inputTokens: 0, outputTokens: 0, cost: 0 } },
      committed: [],
      updated_at: '',
      rehearsal: false,
      currency: null,
    },
  }
}

const empty: FolderFacts = {
  location: '/data/reviews',
  holdsAnything: false,
  datasetId: null,
  metadata: { kind: 'absent' },
  rowGroupFiles: 0,
}
const unfinished: FolderFacts = {
  ...empty,
  holdsAnything: true,
  datasetId: 'id',
  metadata: { kind: 'ours', value: metadata(20) },
  rowGroupFiles: 2,
}
const complete: FolderFacts = { ...unfinished, metadata: { kind: 'ours', value: metadata(50) }, rowGroupFiles: 5 }
const ask: RunRequest = { mode: 'never', isModeExplicit: true, fingerprint, numRecords: null, bufferSize: null, seed: null }
const always = { ...ask, mode: 'always' } as const
const ifPossible = { ...ask, mode: 'if_possible' } as const

describe('starting on a folder', () => {
  it('begins afresh where there is nothing, unless resuming was demanded', () => {
    expect(decideResume(empty, ask).action).toBe('fresh')
    expect(decideResume(empty, ifPossible).action).toBe('fresh')
    expect(() => decideResume(empty, always)).toThrow(expect.objectContaining({ code: 'NOTHING_TO_RESUME' }))
  })

  it('never touches what is there without being asked to go on', () => {
    expect(decideResume(complete, ask).action).toBe('fresh-timestamped')
    const decision = decideResume(unfinished, ask)
    expect(decision.action).toBe('fresh-timestamped')
    expect(decision.note).toContain('20 of 50 rows')
  })

  it('does not pay a second time in silence: an unfinished run needs a decision when none was given', () => {
    expect(() => decideResume(unfinished, { ...ask, isModeExplicit: false })).toThrow(
      expect.objectContaining({ code: 'DATASET_UNFINISHED' }),
    )
    expect(decideResume(complete, { ...ask, isModeExplicit: false }).action).toBe('fresh-timestamped')
    const other = { hash: 'sha256:b', parts: {} }
    expect(decideResume(unfinished, { ...ask, isModeExplicit: false, fingerprint: other }).action).toBe('fresh-timestamped')
  })

  it('resumes an unfinished, a complete and a larger dataset', () => {
    for (const facts of [unfinished, complete]) {
      for (const request of [always, ifPossible]) {
        expect(decideResume(facts, request).action).toBe('resume')
        expect(decideResume(facts, { ...request, numRecords: 80, bufferSize: 10, seed: '7' }).action).toBe('resume')
      }
    }
  })

  it.each([
    ['fewer records', { numRecords: 49 }, 'NUM_RECORDS_MISMATCH', '50'],
    ['another buffer size', { bufferSize: 11 }, 'BUFFER_SIZE_MISMATCH', '10'],
  ])('refuses %s in both modes, with both numbers', (_name, change, code, recorded) => {
    for (const request of [always, ifPossible]) {
      const given = String(Object.values(change)[0])
      expect(() => decideResume(unfinished, { ...request, ...change })).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(given) }),
      )
      expect(() => decideResume(unfinished, { ...request, ...change })).toThrow(
        expect.objectContaining({ message: expect.stringContaining(recorded) }),
      )
    }
  })

  it.each([
    [
      'a changed config, naming the difference',
      { fingerprint: { hash: 'sha256:b', parts: { review: 'sha256:9', price: 'sha256:2' } } },
      'RESUME_INCOMPATIBLE',
      'review',
    ],
    ['another seed', { seed: '8' }, 'SEED_MISMATCH', '7'],
  ])('with %s: always refuses, if_possible begins beside it', (_name, change, code, said) => {
    expect(() => decideResume(unfinished, { ...always, ...change })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) }),
    )
    expect(decideResume(unfinished, { ...ifPossible, ...change }).action).toBe('fresh-timestamped')
  })

  it('starts over in the same folder when nothing was committed and no metadata was written', () => {
    const begun: FolderFacts = { ...empty, holdsAnything: true }
    expect(decideResume(begun, always)).toMatchObject({ action: 'resume', note: expect.stringContaining('beginning') })
    expect(decideResume(begun, ifPossible).action).toBe('resume')
  })

  it('says which file is damaged, and if_possible begins beside it', () => {
    const damaged: FolderFacts = { ...unfinished, metadata: { kind: 'damaged', why: 'its 3 bytes are no JSON' } }
    expect(() => decideResume(damaged, always)).toThrow(
      expect.objectContaining({ code: 'METADATA_DAMAGED', message: expect.stringContaining('metadata.json') }),
    )
    expect(decideResume(damaged, ifPossible).action).toBe('fresh-timestamped')
  })
})
