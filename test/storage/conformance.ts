/** What every storage does. Run by each implementation's own test file. */
import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/storage/storage.ts'

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes))
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Keys that name nothing inside the folder. */
const BAD_KEYS = [
  '',
  '/',
  '/etc/passwd',
  '..',
  '../x',
  'a/../../x',
  'a/..',
  './a',
  'a//b',
  'a/',
  'a\\b',
  'a\0b',
  'a/\u0001',
  '.parquetry-tmp-x',
]

/** `open` gives a fresh, empty storage each time. */
export function describeStorage(name: string, open: () => Promise<Storage>): void {
  describe(`${name} storage`, () => {
    it('has nothing at first', async () => {
      const storage = await open()
      expect(await storage.read('a/b.json')).toBeNull()
      expect(await storage.stat('a/b.json')).toBeNull()
      expect(await storage.list('')).toEqual([])
      expect(await storage.list('a')).toEqual([])
      await storage.remove('a/b.json')
      await storage.remove('a')
    })

    it('gives back what was written, text or bytes, and replaces it whole', async () => {
      const storage = await open()
      await storage.writeAtomic('deep/er/file.json', '{"ä": "😀"}')
      expect(text(await storage.read('deep/er/file.json'))).toBe('{"ä": "😀"}')
      await storage.writeAtomic('deep/er/file.json', Uint8Array.of(0, 255, 10))
      expect([...((await storage.read('deep/er/file.json')) ?? [])]).toEqual([0, 255, 10])
      expect((await storage.stat('deep/er/file.json'))?.sizeBytes).toBe(3)
      expect(await storage.list('deep/er')).toEqual(['file.json'])
    })

    it('keeps its own copy of the bytes', async () => {
      const storage = await open()
      const bytes = bytesOf('before')
      await storage.writeAtomic('x', bytes)
      bytes.fill(0)
      expect(text(await storage.read('x'))).toBe('before')
      const read = await storage.read('x')
      read?.fill(0)
      expect(text(await storage.read('x'))).toBe('before')
    })

    it('says when an object was written', async () => {
      const storage = await open()
      await storage.writeAtomic('x', 'x')
      const modifiedMs = (await storage.stat('x'))?.modifiedMs ?? 0
      expect(Math.abs(Date.now() - modifiedMs)).toBeLessThan(60_000)
    })

    it('reads ranges, also beyond the end, and refuses those of nothing', async () => {
      const storage = await open()
      await storage.writeAtomic('x', '0123456789')
      expect(text(await storage.readRange('x', 2, 5))).toBe('234')
      expect(text(await storage.readRange('x', 8, 100))).toBe('89')
      expect(text(await storage.readRange('x', 50, 60))).toBe('')
      expect(text(await storage.readRange('x', 4, 4))).toBe('')
      await expect(storage.readRange('x', 5, 4)).rejects.toThrow(RangeError)
      await expect(storage.readRange('x', -1, 4)).rejects.toThrow(RangeError)
      await expect(storage.readRange('none', 0, 1)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
      const tail = await storage.readTail('x', 3)
      expect([tail?.sizeBytes, text(tail?.bytes ?? null)]).toEqual([10, '789'])
      const all = await storage.readTail('x', 100)
      expect([all?.sizeBytes, text(all?.bytes ?? null)]).toEqual([10, '0123456789'])
      expect(await storage.readTail('none', 3)).toBeNull()
    })

    it('creates an object once, whoever asks how often', async () => {
      const storage = await open()
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => storage.createExclusive('dataset.json', `writer ${i}`)))
      expect(answers.filter(Boolean)).toHaveLength(1)
      expect(text(await storage.read('dataset.json'))).toBe(`writer ${answers.indexOf(true)}`)
      expect(await storage.createExclusive('dataset.json', 'late')).toBe(false)
      expect(await storage.list('')).toEqual(['dataset.json'])
    })

    it('publishes the first of many staged objects, and clears all of them', async () => {
      const storage = await open()
      const attempts = Array.from({ length: 10 }, (_, i) => `tmp/batch_00000.${i}.parquet`)
      for (const key of attempts) await storage.stage(key, bytesOf(key))
      expect(await storage.list('tmp')).toHaveLength(10)
      const answers = await Promise.all(attempts.map((key) => storage.publish(key, 'parquet-files/batch_00000.parquet')))
      expect(answers.filter(Boolean)).toHaveLength(1)
      expect(text(await storage.read('parquet-files/batch_00000.parquet'))).toBe(attempts[answers.indexOf(true)])
      expect(await storage.list('tmp')).toEqual([])
      expect(await storage.list('parquet-files')).toEqual(['batch_00000.parquet'])
    })

    it('refuses to publish what was never staged', async () => {
      const storage = await open()
      await expect(storage.publish('tmp/none', 'x')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    })

    it('gives an object a second name that outlives the replacement of the first, and takes none that is taken', async () => {
      const storage = await open()
      await storage.writeAtomic('parquet-files/a', 'old')
      await storage.writeAtomic('new', 'new')
      expect(await storage.link('parquet-files/a', 'quarantine/a')).toBe(true)
      await storage.move('new', 'parquet-files/a')
      expect(text(await storage.read('quarantine/a'))).toBe('old')
      expect(text(await storage.read('parquet-files/a'))).toBe('new')
      expect(await storage.link('parquet-files/a', 'quarantine/a')).toBe(false)
      expect(text(await storage.read('quarantine/a'))).toBe('old')
      await expect(storage.link('none', 'x')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    })

    it('moves an object over another one, into a new folder', async () => {
      const storage = await open()
      await storage.writeAtomic('a', 'new')
      await storage.writeAtomic('b/c', 'old')
      await storage.move('a', 'b/c')
      expect(text(await storage.read('b/c'))).toBe('new')
      expect(await storage.read('a')).toBeNull()
      await storage.move('b/c', 'quarantine/deep/c')
      expect(text(await storage.read('quarantine/deep/c'))).toBe('new')
      await expect(storage.move('none', 'x')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    })

    it('moves a whole folder, but not onto one that holds anything', async () => {
      const storage = await open()
      for (const key of ['tmp/x/a', 'tmp/x/b/c', 'full/d']) await storage.writeAtomic(key, key)
      await expect(storage.move('tmp/x', 'full')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
      expect(await storage.list('tmp/x')).toEqual(['a', 'b/'])
      await storage.move('tmp/x', 'versions/x')
      expect(text(await storage.read('versions/x/b/c'))).toBe('tmp/x/b/c')
      expect(await storage.list('versions/x')).toEqual(['a', 'b/'])
      expect(await storage.list('tmp')).toEqual([])
      await storage.writeAtomic('tmp/x/a', 'again')
      expect(await storage.list('tmp/x')).toEqual(['a'])
    })

    it('lets a folder be what another one holds, instead of whatever it was', async () => {
      const storage = await open()
      for (const key of ['out/name/plain', 'versions/1/one', 'versions/2/two', 'versions/2/deep/two', 'versions/3/three'])
        await storage.writeAtomic(key, key)
      await storage.replaceFolder('out/name', 'versions/1')
      expect(await storage.list('out')).toEqual(['name/'])
      expect(await storage.list('out/name')).toEqual(['one'])
      await storage.replaceFolder('out/name', 'versions/2')
      expect(await storage.list('out/name')).toEqual(['deep/', 'two'])
      expect(text(await storage.read('out/name/deep/two'))).toBe('versions/2/deep/two')
      expect(text(await storage.readRange('out/name/two', 0, 8))).toBe('versions')
      expect((await storage.stat('out/name/two'))?.sizeBytes).toBe(14)
      for (const old of ['versions/1', 'versions/1.replaced', 'versions/2.replaced']) await storage.remove(old)
      expect(await storage.list('out/name')).toEqual(['deep/', 'two'])
      await storage.replaceFolder('elsewhere/new', 'versions/3')
      expect(await storage.list('elsewhere/new')).toEqual(['three'])
      await storage.remove('out/name')
      expect(await storage.list('out')).toEqual([])
    })

    it('replaces no folder by nothing', async () => {
      const storage = await open()
      await storage.writeAtomic('out/name/old', 'old')
      await storage.writeAtomic('versions/file', 'x')
      for (const version of ['versions/none', 'versions/file'])
        await expect(storage.replaceFolder('out/name', version)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
      expect(await storage.list('out/name')).toEqual(['old'])
    })

    it('lists names and folders of one level, sorted', async () => {
      const storage = await open()
      for (const key of ['b.txt', 'a/x', 'a/y/z', 'B.txt', 'é']) await storage.writeAtomic(key, key)
      expect(await storage.list('')).toEqual(['B.txt', 'a/', 'b.txt', 'é'])
      expect(await storage.list('a')).toEqual(['x', 'y/'])
      expect(await storage.list('a/')).toEqual(['x', 'y/'])
      expect(await storage.list('a/x')).toEqual([])
    })

    it('removes an object, or a folder with all below it, and makes it again on demand', async () => {
      const storage = await open()
      for (const key of ['a/x', 'a/y/z', 'ab', 'c']) await storage.writeAtomic(key, key)
      await storage.remove('a')
      await storage.remove('c')
      expect(await storage.list('')).toEqual(['ab'])
      await storage.writeAtomic('a/y/z', 'again')
      expect(text(await storage.read('a/y/z'))).toBe('again')
    })

    it('appends in order, from many callers at once, and goes on after reopening', async () => {
      const storage = await open()
      const handle = await storage.openAppend('journal/x.jsonl', { syncMs: 5 })
      await Promise.all(Array.from({ length: 500 }, (_, i) => handle.append(`${i}\n`)))
      expect(text(await storage.read('journal/x.jsonl'))).toBe(Array.from({ length: 500 }, (_, i) => `${i}\n`).join(''))
      await handle.append('é')
      await handle.close()
      await handle.close()
      await expect(handle.append('late')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
      const again = await storage.openAppend('journal/x.jsonl')
      await again.append('end')
      await again.close()
      expect(text(await storage.read('journal/x.jsonl'))?.endsWith('499\néend')).toBe(true)
    })

    it('keeps what was appended before close was called', async () => {
      const storage = await open()
      const handle = await storage.openAppend('x')
      const appended = handle.append('kept')
      await handle.close()
      await appended
      expect(text(await storage.read('x'))).toBe('kept')
    })

    it('refuses a key below a file', async () => {
      const storage = await open()
      await storage.writeAtomic('file', 'x')
      await expect(storage.writeAtomic('file/below', 'x')).rejects.toMatchObject({ code: 'ARTIFACT_PATH_NOT_WRITABLE' })
      expect(await storage.read('file/below')).toBeNull()
      expect(await storage.read('file')).not.toBeNull()
    })

    it.each(BAD_KEYS)('refuses the key %j everywhere', async (key) => {
      const storage = await open()
      await storage.writeAtomic('ok', 'x')
      const refused = { code: 'DATASET_NAME_INVALID' }
      await expect(storage.read(key)).rejects.toMatchObject(refused)
      await expect(storage.readRange(key, 0, 1)).rejects.toMatchObject(refused)
      await expect(storage.readTail(key, 1)).rejects.toMatchObject(refused)
      await expect(storage.stat(key)).rejects.toMatchObject(refused)
      await expect(storage.writeAtomic(key, 'x')).rejects.toMatchObject(refused)
      await expect(storage.createExclusive(key, 'x')).rejects.toMatchObject(refused)
      await expect(storage.stage(key, bytesOf('x'))).rejects.toMatchObject(refused)
      await expect(storage.publish(key, 'x')).rejects.toMatchObject(refused)
      await expect(storage.publish('ok', key)).rejects.toMatchObject(refused)
      await expect(storage.move(key, 'x')).rejects.toMatchObject(refused)
      await expect(storage.move('ok', key)).rejects.toMatchObject(refused)
      await expect(storage.replaceFolder(key, 'x')).rejects.toMatchObject(refused)
      await expect(storage.replaceFolder('x', key)).rejects.toMatchObject(refused)
      await expect(storage.openAppend(key)).rejects.toMatchObject(refused)
      if (key !== 'a/') await expect(storage.remove(key)).rejects.toMatchObject(refused)
      if (key !== 'a/' && key !== '') await expect(storage.list(key)).rejects.toMatchObject(refused)
      expect(await storage.list('')).toEqual(['ok'])
    })
  })
}
