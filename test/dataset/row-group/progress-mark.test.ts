import { describe, expect, it } from 'vitest'
import { progressMark } from '../../../src/dataset/row-group/progress-mark.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'

describe('the mark of progress', () => {
  it('changes with an answer of any row group and with a checkpoint, and with nothing else', async () => {
    let now = 1
    const storage = createMemoryStorage('memory', () => now)
    const marks = [await progressMark(storage)]
    const journal = await storage.openAppend('journal/batch_00007.run.1.jsonl')
    await journal.append('one answer\n')
    marks.push(await progressMark(storage))
    await journal.append('another\n')
    marks.push(await progressMark(storage))
    await storage.writeAtomic('metadata.json', '{}')
    marks.push(await progressMark(storage))
    now = 2
    await storage.writeAtomic('metadata.json', '[]')
    marks.push(await progressMark(storage))
    expect(new Set(marks).size).toBe(marks.length)
    await storage.writeAtomic('owner.json', '{}')
    await storage.writeAtomic('tmp-partial-parquet-files/batch_00007.run.1.parquet', 'x')
    expect(await progressMark(storage)).toBe(marks.at(-1))
  })
})
