import { describe, expect, it } from 'vitest'
import { readMetadata, writeMetadata } from '../../src/dataset/metadata.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { metadataOf } from './metadata.ts'

async function readingOf(content: unknown): Promise<Awaited<ReturnType<typeof readMetadata>>> {
  const storage = createMemoryStorage()
  await storage.writeAtomic('metadata.json', typeof content === 'string' ? content : JSON.stringify(content))
  return await readMetadata(storage)
}

const ours = metadataOf('id', 20)
const changed = (changes: object): object => ({ ...ours, parquetry: { ...ours.parquetry, ...changes } })
const theirs = { dataset_name: 'reviews', buffer_size: 5, target_num_records: 12, config_hash: 'sha256:00' }

describe('metadata.json', () => {
  it('is read as it was written, further keys included', async () => {
    const storage = createMemoryStorage()
    expect(await readMetadata(storage)).toEqual({ kind: 'absent' })
    const value = { ...ours, config_hash: 'sha256:00' }
    await writeMetadata(storage, value)
    expect(await readMetadata(storage)).toEqual({ kind: 'ours', value })
  })

  it('of DataDesigner is known by the part of ours that it lacks', async () => {
    expect(await readingOf(theirs)).toEqual({ kind: 'data-designer', value: theirs })
  })

  it.each([
    ['half a file', '{"dataset_name": "rev', 'no JSON'],
    ['no object', [], 'no object'],
    ['nothing of anybody', {}, 'dataset_name'],
    ['a target that is missing', { ...theirs, target_num_records: undefined }, 'target_num_records'],
    ['a negative number of rows', { ...ours, actual_num_records: -1 }, 'actual_num_records'],
    ['a buffer size of 0', { ...ours, buffer_size: 0 }, 'buffer_size'],
    ['a seed that is no text', changed({ seed: 7 }), 'parquetry.seed'],
    ['a plan with a hole', changed({ segments: [{ firstId: 1, start: 0, end: 50, size: 10 }] }), 'holes'],
    [
      'a plan of another length than its target',
      changed({ segments: [{ firstId: 0, start: 0, end: 40, size: 10 }] }),
      'its plan has 40 rows, its target is 50',
    ],
    ['row groups beyond the plan', changed({ committed: [[0, 6]] }), 'row groups 0 to 6'],
    ['ranges that run backwards', changed({ committed: [[3, 1]] }), 'row groups 3 to 1'],
    ['more rows than planned', changed({ totals: { ...ours.parquetry.totals, rowsWritten: 51 } }), '51 rows written'],
    ['a count below zero', changed({ totals: { ...ours.parquetry.totals, rowsDropped: -1 } }), 'rowsDropped'],
    ['a later version', changed({ version: 2 }), 'version'],
  ])('with %s is damaged, and says why', async (_what, content, why) => {
    expect(await readingOf(content)).toEqual({ kind: 'damaged', why: expect.stringContaining(why) })
  })
})
