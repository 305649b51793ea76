import { describe, expect, it } from 'vitest'
import { NO_TOTALS } from '../../../src/contract.ts'
import type { Adoptable } from '../../../src/dataset/resume/adopt.ts'
import type { FolderFacts, RunRequest } from '../../../src/dataset/resume/decide-resume.ts'
import { decideResume } from '../../../src/dataset/resume/decide-resume.ts'
import type { Metadata } from '../../../src/dataset/metadata.ts'
import type { Rebuilt } from '../../../src/dataset/resume/rebuild.ts'
import { FINGERPRINT, metadataOf } from '../metadata.ts'

const fingerprint = FINGERPRINT

const metadata = (rowsWritten: number): Metadata => metadataOf('id', rowsWritten)

const empty: FolderFacts = {
  location: '/data/reviews',
  holdsAnything: false,
  datasetId: null,
  metadata: { kind: 'absent' },
  rowGroupFiles: 0,
  rebuilt: null,
  adoptable: null,
}
const unfinished: FolderFacts = {
  ...empty,
  holdsAnything: true,
  datasetId: 'id',
  metadata: { kind: 'ours', value: metadata(20) },
  rowGroupFiles: 2,
}
const complete: FolderFacts = { ...unfinished, metadata: { kind: 'ours', value: metadata(50) }, rowGroupFiles: 5 }
const ask: RunRequest = {
  mode: 'never',
  isModeExplicit: true,
  fingerprint,
  numRecords: null,
  bufferSize: null,
  seed: null,
  preservesDroppedColumns: true,
  usesReferenceTime: false,
}
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

  it('says which file is damaged when no receipt can rebuild it, and if_possible begins beside it', () => {
    for (const kind of ['damaged', 'absent'] as const) {
      const facts: FolderFacts = { ...unfinished, metadata: { kind, why: 'its 3 bytes are no JSON' } }
      expect(() => decideResume(facts, always)).toThrow(
        expect.objectContaining({ code: 'METADATA_DAMAGED', message: expect.stringContaining('/data/reviews/metadata.json') }),
      )
      expect(decideResume(facts, ifPossible).action).toBe('fresh-timestamped')
    }
  })
})

describe('a folder whose metadata.json says nothing, but whose receipts do', () => {
  const rebuilt: Rebuilt = {
    datasetId: 'id',
    fingerprint,
    seed: '7',
    bufferSize: 10,
    segments: [{ firstId: 0, start: 0, end: 50, size: 10 }],
    totals: { ...NO_TOTALS, rowGroups: 2, rowsWritten: 20 },
    committed: [[0, 2]],
    referenceTime: '2026-01-01T00:00:00.000Z',
    isAdopted: false,
  }
  const facts: FolderFacts = { ...unfinished, metadata: { kind: 'absent' }, rebuilt }

  it('is gone on with, and it is said that an extension may be forgotten', () => {
    for (const request of [always, ifPossible]) {
      expect(decideResume(facts, request)).toMatchObject({
        action: 'resume',
        note: expect.stringMatching(/metadata\.json is missing: rebuilt from the receipts of 2 row groups, planned for 50 .*extension/),
      })
    }
    expect(decideResume({ ...facts, metadata: { kind: 'damaged', why: 'x is wrong' } }, always).note).toContain('damaged (x is wrong)')
  })

  it('is compared like any other', () => {
    expect(() => decideResume(facts, { ...always, numRecords: 49 })).toThrow(expect.objectContaining({ code: 'NUM_RECORDS_MISMATCH' }))
    expect(() => decideResume(facts, { ...always, seed: '8' })).toThrow(expect.objectContaining({ code: 'SEED_MISMATCH' }))
    const other = { hash: 'sha256:b', parts: {} }
    const nameless = { ...facts, rebuilt: { ...rebuilt, fingerprint: { hash: 'sha256:a', parts: {} } } }
    expect(() => decideResume(nameless, { ...always, fingerprint: other })).toThrow(
      /its fingerprint; the file that could name the columns is lost/,
    )
    expect(() => decideResume(facts, { ...ask, isModeExplicit: false })).toThrow(expect.objectContaining({ code: 'DATASET_UNFINISHED' }))
  })

  it('is refused when ages of people depend on a reference time that is lost', () => {
    const timeless = { ...facts, rebuilt: { ...rebuilt, referenceTime: null } }
    expect(() => decideResume(timeless, { ...always, usesReferenceTime: true })).toThrow(/parquetry\.json to hold the reference time/)
    expect(decideResume(timeless, always).action).toBe('resume')
  })
})

describe('a folder of DataDesigner', () => {
  const adoptable: Adoptable = {
    metadata: { dataset_name: 'reviews', buffer_size: 10, target_num_records: 50 },
    fingerprint,
    segments: [{ firstId: 0, start: 0, end: 50, size: 10 }],
    committed: [[0, 3]],
    rowGroups: 3,
    rowsWritten: 28,
    rowsDropped: 2,
    problem: null,
  }
  const facts: FolderFacts = { ...unfinished, datasetId: null, metadata: { kind: 'data-designer', value: adoptable.metadata }, adoptable }

  it('is taken over when its config is the same, whatever the seed', () => {
    expect(decideResume(facts, { ...always, seed: 'any' })).toMatchObject({
      action: 'resume',
      note: expect.stringMatching(/written by DataDesigner: its 3 row groups with 28 rows .* 2 rows are dropped/),
    })
    expect(() => decideResume(facts, { ...always, bufferSize: 7 })).toThrow(expect.objectContaining({ code: 'BUFFER_SIZE_MISMATCH' }))
    expect(() => decideResume(facts, { ...always, numRecords: 49 })).toThrow(expect.objectContaining({ code: 'NUM_RECORDS_MISMATCH' }))
  })

  it.each([
    ['its row groups cannot be gone on with', { adoptable: { ...adoptable, problem: 'half rewritten' } }, 'half rewritten'],
    [
      'it has another config',
      { adoptable: { ...adoptable, fingerprint: { hash: 'sha256:z', parts: { review: 'sha256:0', price: 'sha256:2' } } } },
      'review',
    ],
    [
      'it does not keep dropped columns',
      { adoptable: { ...adoptable, metadata: { ...adoptable.metadata, preserve_dropped_columns: false } } },
      'dropped',
    ],
  ])('is refused when %s, and if_possible begins beside it', (_name, change, said) => {
    expect(() => decideResume({ ...facts, ...change }, always)).toThrow(
      expect.objectContaining({ code: 'RESUME_INCOMPATIBLE', message: expect.stringContaining(said) }),
    )
    expect(decideResume({ ...facts, ...change }, ifPossible).action).toBe('fresh-timestamped')
  })
})
