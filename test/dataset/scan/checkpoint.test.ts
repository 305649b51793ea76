import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CheckpointInput } from '../../../src/contract.ts'
import { NO_TOTALS } from '../../../src/contract.ts'
import { writeCheckpoint } from '../../../src/dataset/scan/checkpoint.ts'
import { claimOwner } from '../../../src/dataset/owner/owner.ts'
import type { Metadata } from '../../../src/dataset/metadata.ts'
import { readMetadata, writeMetadata } from '../../../src/dataset/metadata.ts'
import { createLocalStorage } from '../../../src/storage/local.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'

let storage: Storage

const segments = [{ firstId: 0, start: 0, end: 100, size: 10 }]
const dataset = { location: '/data', datasetId: 'id', fingerprint: 'sha256:a' }

function input(changes: Partial<CheckpointInput>): CheckpointInput {
  return {
    dataset,
    epoch: 1,
    sequence: 1,
    state: 'generating',
    segments,
    totals: { ...NO_TOTALS, rowGroups: 2, rowsWritten: 20 },
    page: { firstId: 0, endId: 5, committed: [[0, 2]] },
    isFinal: false,
    ...changes,
  }
}

async function read(): Promise<Metadata> {
  const metadata = await readMetadata(storage)
  if (metadata.kind !== 'ours') throw new Error(metadata.kind)
  return metadata.value
}

describe('a checkpoint of a run that was extended', () => {
  it('holds the longer plan, for workers and for the next run, and never a shorter one again', async () => {
    const longer = [...segments, { firstId: 10, start: 100, end: 130, size: 10 }]
    await writeCheckpoint(storage, input({ segments: longer }), 0)
    expect(await read()).toMatchObject({ target_num_records: 130, original_target_num_records: 100, parquetry: { segments: longer } })
    await writeCheckpoint(storage, input({ sequence: 2 }), 0)
    expect(await read()).toMatchObject({ target_num_records: 130, parquetry: { sequence: 2, segments: longer } })
  })
})

beforeEach(async () => {
  storage = createMemoryStorage('/data')
  await writeMetadata(storage, {
    dataset_name: 'reviews',
    buffer_size: 10,
    target_num_records: 100,
    original_target_num_records: 100,
    actual_num_records: 0,
    total_num_batches: 0,
    num_completed_batches: 0,
    preserve_dropped_columns: true,
    parquetry: {
      version: 1,
      dataset_id: 'id',
      fingerprint: { hash: 'sha256:a', parts: {} },
      seed: '7',
      reference_time: '2026-01-01T00:00:00.000Z',
      request_id: 'r',
      segments,
      epoch: 1,
      sequence: 0,
      state: 'preparing',
      totals: NO_TOTALS,
      committed: [[7, 9]],
      updated_at: '',
      rehearsal: false,
      currency: null,
    },
  })
})

describe('a checkpoint', () => {
  it('replaces what is known of its page and leaves the other pages', async () => {
    await writeCheckpoint(storage, input({}), 0)
    expect((await read()).parquetry.committed).toEqual([
      [0, 2],
      [7, 9],
    ])
    await writeCheckpoint(storage, input({ sequence: 2, page: { firstId: 0, endId: 5, committed: [[1, 2]] } }), 0)
    expect((await read()).parquetry.committed).toEqual([
      [1, 2],
      [7, 9],
    ])
    expect(await read()).toMatchObject({ actual_num_records: 20, num_completed_batches: 2, total_num_batches: 2 })
  })

  it('never goes back to an earlier one', async () => {
    await writeCheckpoint(storage, input({ sequence: 5 }), 0)
    await writeCheckpoint(storage, input({ sequence: 4, totals: NO_TOTALS }), 0)
    expect(await read()).toMatchObject({ actual_num_records: 20, parquetry: { sequence: 5 } })
    await writeCheckpoint(storage, input({ epoch: 2, sequence: 1, totals: { ...NO_TOTALS, rowsWritten: 30 } }), 0)
    expect(await read()).toMatchObject({ actual_num_records: 30, parquetry: { epoch: 2, sequence: 1 } })
    await writeCheckpoint(storage, input({ epoch: 1, sequence: 9 }), 0)
    expect((await read()).actual_num_records).toBe(30)
  })

  it('lists the files at the end of a run only', async () => {
    await storage.writeAtomic('parquet-files/batch_00001.parquet', 'x')
    await storage.writeAtomic('processors-files/short/batch_00001.parquet', 'x')
    await writeCheckpoint(storage, input({}), 0)
    expect((await read()).file_paths).toBeUndefined()
    await writeCheckpoint(storage, input({ sequence: 2, isFinal: true }), 0)
    expect((await read()).file_paths).toEqual({
      'parquet-files': ['parquet-files/batch_00001.parquet'],
      'processor-files': { short: ['processors-files/short/batch_00001.parquet'] },
    })
  })

  it('lists the outputs of processors that are shown, and no other versions of them', async () => {
    for (const version of ['1', '2']) {
      await storage.writeAtomic(`processors-files/.versions/split@${version}/train/${version}.parquet`, 'x')
      await storage.writeAtomic(`processors-files/.versions/split@${version}/notes.txt`, 'x')
    }
    await storage.replaceFolder('processors-files/split', 'processors-files/.versions/split@2')
    await writeCheckpoint(storage, input({ isFinal: true }), 0)
    expect((await read()).file_paths).toEqual({
      'parquet-files': [],
      'processor-files': { split: ['processors-files/split/train/2.parquet'] },
    })
  })

  it('lists them alike where a link shows them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parquetry-checkpoint-'))
    try {
      const local = createLocalStorage(folder)
      await local.writeAtomic('metadata.json', (await storage.read('metadata.json')) ?? '')
      await local.writeAtomic('processors-files/.versions/split@2/train/2.parquet', 'x')
      await local.replaceFolder('processors-files/split', 'processors-files/.versions/split@2')
      await writeCheckpoint(local, input({ isFinal: true }), 0)
      const metadata = await readMetadata(local)
      expect(metadata).toMatchObject({
        value: { file_paths: { 'processor-files': { split: ['processors-files/split/train/2.parquet'] } } },
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('cleans journals up at the end of a run only, and never for a run that no longer owns the folder', async () => {
    const unused = 'journal/batch_00010.run.1.jsonl'
    await storage.writeAtomic(unused, 'of a row group that the plan does not have\n')
    await storage.writeAtomic('journal/batch_00003.run.1.jsonl', 'of an open row group\n')
    const owner = { server: 's', namespace: 'n', workflowId: 'w', firstRunId: 'first' }
    const epoch = await claimOwner(storage, owner, 0)
    await writeCheckpoint(storage, input({ epoch }), 0)
    expect(await storage.stat(unused)).not.toBeNull()
    const later = await claimOwner(storage, { ...owner, firstRunId: 'second' }, 0)
    await expect(writeCheckpoint(storage, input({ epoch, sequence: 2, isFinal: true }), 0)).rejects.toMatchObject({
      code: 'DATASET_OPEN_ELSEWHERE',
    })
    expect(await storage.stat(unused)).not.toBeNull()
    await writeCheckpoint(storage, input({ epoch: later, isFinal: true }), 0)
    expect(await storage.list('journal')).toEqual(['batch_00003.run.1.jsonl'])
  })

  it('says so when the file it should replace is gone or damaged', async () => {
    await storage.writeAtomic('metadata.json', '{"trunca')
    await expect(writeCheckpoint(storage, input({}), 0)).rejects.toMatchObject({ code: 'METADATA_DAMAGED' })
  })

  it.each([
    ['complete', []],
    ['stopped', ['batch_00001.run.1.parquet']],
  ] as const)('at the end of a run that is %s, leaves in staging what may still count', async (state, left) => {
    await storage.stage('tmp-partial-parquet-files/batch_00001.run.1.parquet', new Uint8Array(1))
    await writeCheckpoint(storage, input({ state }), 0)
    expect(await storage.list('tmp-partial-parquet-files')).toHaveLength(1)
    await writeCheckpoint(storage, input({ state, sequence: 2, isFinal: true }), 0)
    expect(await storage.list('tmp-partial-parquet-files')).toEqual(left)
  })
})
