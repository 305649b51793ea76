import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cleanJournals } from '../../../src/dataset/journal/clean-journals.ts'
import { keys } from '../../../src/dataset/layout.ts'
import { imageFolderOf, imagePath, parseImagePath } from '../../../src/dataset/media/image-names.ts'
import { createImageStore } from '../../../src/dataset/media/image-store.ts'
import { readRows } from '../../../src/dataset/read-rows.ts'
import { repairFolder } from '../../../src/dataset/verify/repair-folder.ts'
import { verifyDataset } from '../../../src/dataset/verify/verify.ts'
import { ParquetryError } from '../../../src/errors.ts'
import type { ChatAnswer, ChatRequest } from '../../../src/model/client.ts'
import { rehearsePng } from '../../../src/rehearsal/png.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { PNG_TEXT } from '../../columns/media/pictures.ts'
import { makeDataset, prepareMade, snapshotOf } from '../made-dataset.ts'

const config = {
  columns: [
    { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
    { name: 'pic', column_type: 'image', model_alias: 'm', prompt: 'Draw {{ id }}' },
    { name: 'hidden', column_type: 'image', model_alias: 'm', prompt: 'Hide {{ id }}', drop: true },
  ],
  model_configs: [{ alias: 'm', model: 'dall-e-3', provider: 'stub', inference_parameters: { generation_type: 'image' } }],
  model_providers: [{ name: 'stub', endpoint: 'http://127.0.0.1:9/v1' }],
  parquetry: { refill_attempts: 0, max_conversation_restarts: 0 },
}

const draw = (request: ChatRequest): Partial<ChatAnswer> => {
  const digest = createHash('sha256')
    .update(request.messages.at(-1)?.content ?? '')
    .digest()
  return { pictures: [{ base64: rehearsePng(digest).toString('base64') }] }
}

async function imagesOf(storage: Storage): Promise<readonly string[]> {
  return [...(await snapshotOf(storage)).keys()].filter((key) => key.startsWith('images/')).toSorted((a, b) => (a < b ? -1 : 1))
}

async function namedIn(storage: Storage): Promise<readonly string[]> {
  const named: string[] = []
  for await (const { pic } of readRows(storage)) named.push(...(pic as string[]))
  return named
}

/** A storage that fails at the first call of `operation` whose key matches. */
function failingOnce(storage: Storage, operation: 'publish' | 'link', key: RegExp): Storage {
  let hasFailed = false
  return new Proxy(storage, {
    get(target, name) {
      const own = target[name as keyof Storage] as (...values: unknown[]) => unknown
      if (typeof own !== 'function') return own
      if (name !== operation) return own.bind(target)
      return (from: string, to: string) => {
        if (hasFailed || !key.test(to)) return own.call(target, from, to)
        hasFailed = true
        throw new ParquetryError('STORAGE_FAILED', 'the test pulls the plug')
      }
    },
  })
}

describe('pictures of a row group', () => {
  it('stand under the names that the rows give, and nothing of them is in a journal line', async () => {
    let journal = ''
    const storage = createMemoryStorage()
    const watched = failingOnce(storage, 'publish', /batch_00000/)
    const made = await prepareMade(watched, { config, answer: draw, numRecords: 4, bufferSize: 4 })
    await expect(made.generate(0)).rejects.toMatchObject({ message: 'the test pulls the plug' })
    for (const [key, bytes] of await snapshotOf(storage)) if (key.endsWith('.jsonl')) journal += Buffer.from(bytes).toString('utf8')
    expect(journal.split('\n')).toHaveLength(9)
    expect(journal).not.toContain(rehearsePng(Buffer.alloc(8)).toString('base64').slice(0, 20))
    expect(journal).toMatch(/"images":\[\{"file":"[0-9a-f]{32}\.png","sizeBytes":\d+\}\]/)
    // Linked before the commit, which did not happen.
    expect(await imagesOf(storage)).toHaveLength(8)

    await made.generate(0)
    expect(made.calls()).toBe(8)
    const named = await namedIn(storage)
    expect(named[3]).toMatch(/^images\/pic\/00000003-0-0-[0-9a-f]{32}\.png$/)
    expect((await imagesOf(storage)).filter((key) => key.startsWith('images/pic/'))).toEqual(named)
    expect([...(await snapshotOf(storage)).keys()].filter((key) => key.startsWith('journal/'))).toEqual([])
  })

  it('are linked again by the attempt after the one that died in the middle of linking', async () => {
    const storage = createMemoryStorage()
    const made = await prepareMade(failingOnce(storage, 'link', /00000002-/), { config, answer: draw, numRecords: 4, bufferSize: 4 })
    await expect(made.generate(0)).rejects.toThrow('the test pulls the plug')
    await made.generate(0)
    await made.finish([await made.generate(0)])
    expect(made.calls()).toBe(8)
    expect(await verifyDataset(storage)).toMatchObject({ state: 'complete', problems: [], notes: [] })
  })

  it('of attempts that lost are removed, those of the winner and of other row groups stay', async () => {
    const storage = createMemoryStorage()
    const made = await prepareMade(storage, { config, answer: draw, numRecords: 8, bufferSize: 4 })
    await made.generate(1)
    const others = await imagesOf(storage)
    const lost = imagePath({ column: 'pic', row: 1, refill: 0 }, 0, `${'0'.repeat(32)}.png`)
    await storage.writeAtomic(lost, 'another answer')
    // Its list lies too: only paths of pictures are removed.
    await storage.writeAtomic(keys.imageLinks(0, 0, { runId: 'dead', attempt: 1 }), JSON.stringify({ paths: [lost, 'dataset.json'] }))
    await made.generate(0)
    const left = await imagesOf(storage)
    expect(left).not.toContain(lost)
    expect(left).toEqual(expect.arrayContaining([...others, ...(await namedIn(storage))]))
    expect(left).toHaveLength(16)
    expect(await storage.stat('dataset.json')).not.toBeNull()
  })

  it('of dropped rows are not kept; a repair adds those that it makes, and removes no other', async () => {
    let isBad = true
    const answer = (request: ChatRequest): Partial<ChatAnswer> =>
      isBad && /^Draw .*[0-7]$/.test(request.messages[0]?.content ?? '') ? { pictures: [{ base64: 'AAAA' }] } : draw(request)
    const storage = createMemoryStorage()
    const made = await prepareMade(storage, { config, answer, numRecords: 12, bufferSize: 12 })
    const first = await made.generate(0)
    expect(first.rowsDropped).toBeGreaterThan(0)
    expect(first.rowsWritten).toBeGreaterThan(0)
    const before = await imagesOf(storage)
    expect(before).toHaveLength(2 * first.rowsWritten)
    isBad = false
    const repaired = await made.repair(0, 'pass')
    expect(repaired).toMatchObject({ rowsWritten: 12, rowsDropped: 0 })
    const after = await imagesOf(storage)
    expect(after).toHaveLength(24)
    expect(after).toEqual(expect.arrayContaining([...before]))
    await made.finish([repaired])
    expect(await verifyDataset(storage)).toMatchObject({ state: 'complete', problems: [], notes: [] })
  })

  it('of a column that is dropped and not kept are no files, unless an expression may have taken their paths over', async () => {
    for (const isRead of [false, true]) {
      const storage = createMemoryStorage()
      const copy = { name: 'copy', column_type: 'expression', expr: '{{ hidden[0] }}' }
      const columns = isRead ? [...config.columns, copy] : config.columns
      const unkept = { ...config, columns, parquetry: { ...config.parquetry, preserve_dropped_columns: false } }
      await makeDataset(storage, { config: unkept, answer: draw, numRecords: 2, bufferSize: 2 })
      expect(await imagesOf(storage)).toHaveLength(isRead ? 4 : 2)
    }
  })

  it('are asked for again when the journal names them and they are gone', async () => {
    const storage = createMemoryStorage()
    const made = await prepareMade(failingOnce(storage, 'publish', /batch_00000/), { config, answer: draw, numRecords: 2, bufferSize: 2 })
    await expect(made.generate(0)).rejects.toThrow('the test pulls the plug')
    const [kept] = (await storage.list(keys.keptImages(0))).filter((name) => name.endsWith('.png'))
    await storage.remove(`${keys.keptImages(0)}/${kept}`)
    await made.generate(0)
    expect(made.calls()).toBe(5)
    expect(await imagesOf(storage)).toHaveLength(4)
  })

  it('stay when their row group is committed and only its clean-up was cut off', async () => {
    const storage = createMemoryStorage()
    const made = await makeDataset(storage, { config, answer: draw, numRecords: 4, bufferSize: 4 })
    const images = await imagesOf(storage)
    const { ref, segments } = await made.open()
    const lost = imagePath({ column: 'pic', row: 9, refill: 0 }, 0, `${'1'.repeat(32)}.png`)
    await storage.writeAtomic(keys.imageLinks(0, 0, { runId: 'run-1', attempt: 1 }), JSON.stringify({ paths: images }))
    await storage.writeAtomic(keys.imageLinks(7, 0, { runId: 'run-1', attempt: 1 }), JSON.stringify({ paths: [lost] }))
    await storage.writeAtomic(lost, 'of a row group that is nowhere')
    await cleanJournals(storage, { ref, segments })
    expect(await imagesOf(storage)).toEqual(images)
    expect(await storage.list(keys.journalFolder)).toEqual([])
  })
})

describe('verify', () => {
  async function damage(change: (storage: Storage, path: string) => Promise<void>): Promise<{ storage: Storage; path: string }> {
    const storage = createMemoryStorage()
    await makeDataset(storage, { config, answer: draw, numRecords: 4, bufferSize: 2 })
    const [path = ''] = (await imagesOf(storage)).filter((key) => key.startsWith('images/hidden/'))
    await change(storage, path)
    return { storage, path }
  }

  it.each<[string, (storage: Storage, path: string) => Promise<void>, string]>([
    ['gone', (storage, path) => storage.remove(path), 'it is not there'],
    ['another', (storage, path) => storage.writeAtomic(path, rehearsePng(Buffer.alloc(8))), 'expected a picture whose SHA-256 begins'],
  ])('notices a picture that is %s, of a dropped column too; a repair sets its row group aside', async (_name, change, message) => {
    const { storage, path } = await damage(change)
    const found = await verifyDataset(storage)
    expect(found.problems).toEqual([{ kind: 'image', key: path, rowGroup: 0, message: expect.stringContaining(message) as string }])
    const { setAside, after } = await repairFolder(storage, Date.now)
    expect(setAside.map(({ from }) => from)).toContain(keys.rowGroup(0))
    expect(after).toMatchObject({ state: 'incomplete', problems: [], rowsMissing: 2 })
  })

  it('notes pictures that no row names', async () => {
    const { storage } = await damage((inside) => inside.writeAtomic('images/pic/stray.png', 'x'))
    expect(await verifyDataset(storage)).toMatchObject({ state: 'complete', notes: ['images/pic: 1 picture that no row names'] })
  })
})

describe('names of pictures', () => {
  it('stay below the folder of images, whatever a column is called, and differ where columns do', () => {
    const names = ['pic', '../../etc', '..', 'a/b', 'a\\b', 'a:b', '.hidden', 'ü 1', 'x'.repeat(300)]
    const folders = names.map(imageFolderOf)
    expect(new Set(folders).size).toBe(names.length)
    expect(folders[0]).toBe('pic')
    expect(folders[7]).toBe('ü 1')
    for (const folder of folders) expect(folder).toMatch(/^[^./\\:][^/\\:]{0,200}$/)
    for (const column of names) {
      const path = imagePath({ column, row: 123_456_789, refill: 3 }, 1, `${'a'.repeat(32)}.webp`)
      expect(parseImagePath(path)).toEqual({ row: 123_456_789, content: `${'a'.repeat(32)}.webp`, format: 'webp' })
    }
    for (const path of ['images/pic/x.png', 'images/pic/1-0-0-a.png', 'dataset.json', 'images/a/b/c.png'])
      expect(parseImagePath(path)).toBeNull()
  })
})

describe('a picture shown to a model from the folder of the dataset', () => {
  it('is found before its row is committed and after, and others by their content; no path leads out', async () => {
    const storage = createMemoryStorage()
    const store = createImageStore(storage, 0)
    const kept = await store.keep(Buffer.from(PNG_TEXT, 'base64'), 'png')
    const [path = ''] = store.cellOf({ column: 'pic', row: 0, refill: 0 }, [kept])
    const read = async (of: string): Promise<unknown> => {
      const found = await store.find(of)
      return 'problem' in found ? found.problem : await found.read()
    }
    expect(await read(path)).toBe(PNG_TEXT)
    await storage.link(`${keys.keptImages(0)}/${kept.file}`, path)
    await storage.remove(keys.keptImages(0))
    expect(await read(path)).toBe(PNG_TEXT)
    await storage.remove(path)
    await expect(read(path)).rejects.toMatchObject({ code: 'MEDIA_INVALID' })

    await storage.writeAtomic('photos/a.png', Buffer.from(PNG_TEXT, 'base64'))
    await storage.writeAtomic('photos/b.png', 'secret text')
    expect(await read('./photos/a.png')).toBe(PNG_TEXT)
    expect(await read('photos/b.png')).toContain('are no PNG, JPEG, GIF or WebP')
    expect(await read('photos/c.png')).toContain('there is no such file')
    for (const out of ['../x.png', '/etc/x.png', 'photos/../../x.png'])
      expect(await read(out)).toBe('it leads out of the folder of the dataset')
  })
})
