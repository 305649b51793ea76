import { EventEmitter } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diskError } from '../../src/storage/disk-error.ts'
import { LocalAppendHandle } from '../../src/storage/local-append.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { openStorage } from '../../src/storage/open.ts'
import { describeStorage } from './conformance.ts'
import { systemWithoutLinks } from './replace-systems.ts'

let base = ''
let folders = 0
const newFolder = (): string => join(base, `dataset-${(folders += 1)}`)

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'parquetry-storage-'))
})
afterAll(async () => {
  await rm(base, { recursive: true, force: true })
})

describeStorage('local', async () => createLocalStorage(newFolder()))
describeStorage('local without symbolic links', async () => createLocalStorage(newFolder(), systemWithoutLinks))

describe('local storage on disk', () => {
  it('touches nothing before it writes, then makes all folders above', async () => {
    const folder = join(newFolder(), 'a', 'b')
    const storage = createLocalStorage(folder)
    await storage.list('')
    await storage.read('x')
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
    await storage.writeAtomic('x', 'y')
    expect(await readFile(join(folder, 'x'), 'utf8')).toBe('y')
  })

  it('makes its folder again when somebody removed it', async () => {
    const folder = newFolder()
    const storage = createLocalStorage(folder)
    await storage.writeAtomic('parquet-files/x', '1')
    await storage.stage('tmp/x', new TextEncoder().encode('2'))
    await rm(join(folder, 'parquet-files'), { recursive: true })
    expect(await storage.list('parquet-files')).toEqual([])
    expect(await storage.publish('tmp/x', 'parquet-files/x')).toBe(true)
    await rm(folder, { recursive: true })
    await storage.writeAtomic('parquet-files/x', '3')
    expect(await readFile(join(folder, 'parquet-files', 'x'), 'utf8')).toBe('3')
  })

  it('removes what a killed writer left unfinished, and nothing that may still be written', async () => {
    const folder = newFolder()
    const storage = createLocalStorage(folder)
    await storage.writeAtomic('x', '1')
    await storage.removeUnfinished('nowhere', 0)
    for (const name of ['.parquetry-tmp-dead', '.parquetry-tmp-alive']) await writeFile(join(folder, name), 'half')
    await utimes(join(folder, '.parquetry-tmp-dead'), new Date(), new Date(Date.now() - 60_000))
    await storage.removeUnfinished('', 30_000)
    expect((await readdir(folder)).sort()).toEqual(['.parquetry-tmp-alive', 'x'])
  })

  it('never shows a reader half an object', async () => {
    const storage = createLocalStorage(newFolder())
    const versions = ['a', 'b'].map((letter) => letter.repeat(500_000))
    await storage.writeAtomic('x', versions[0] as string)
    let isWriting = true
    const reading = (async () => {
      let reads = 0
      for (; isWriting || reads === 0; reads += 1) {
        const seen = new TextDecoder().decode((await storage.read('x')) ?? new Uint8Array())
        expect(versions.includes(seen)).toBe(true)
      }
      return reads
    })()
    for (let i = 0; i < 20; i += 1) await storage.writeAtomic('x', versions[i % 2] as string)
    isWriting = false
    expect(await reading).toBeGreaterThan(0)
  })

  it('leaves nothing beside its objects', async () => {
    const folder = newFolder()
    const storage = createLocalStorage(folder)
    await storage.writeAtomic('x', '1')
    await storage.createExclusive('y', '1')
    await storage.createExclusive('y', '2')
    await expect(storage.writeAtomic('z/\0', '1')).rejects.toThrow()
    expect((await readdir(folder)).sort()).toEqual(['x', 'y'])
  })

  it('does not list the unfinished object of a killed writer', async () => {
    const folder = newFolder()
    await mkdir(folder)
    await writeFile(join(folder, '.parquetry-tmp-killed'), 'half')
    await writeFile(join(folder, '.hidden'), 'x')
    expect(await createLocalStorage(folder).list('')).toEqual(['.hidden'])
  })

  it('publishes again what it linked already, when the answer got lost', async () => {
    const folder = newFolder()
    const storage = createLocalStorage(folder)
    await storage.stage('tmp/x', new TextEncoder().encode('x'))
    const { link } = await import('node:fs/promises')
    await mkdir(join(folder, 'parquet-files'))
    await link(join(folder, 'tmp', 'x'), join(folder, 'parquet-files', 'x'))
    expect(await storage.publish('tmp/x', 'parquet-files/x')).toBe(true)
    expect(await storage.list('tmp')).toEqual([])
  })

  it('follows symbolic links inside the folder, and refuses those that lead out', async () => {
    const folder = newFolder()
    const outside = newFolder()
    await mkdir(join(outside, 'folder'), { recursive: true })
    await writeFile(join(outside, 'secret'), 'secret')
    const storage = createLocalStorage(folder)
    await storage.writeAtomic('versions/one/x', 'inside')
    await symlink(join('versions', 'one'), join(folder, 'current'))
    await symlink(join('versions', 'one', 'x'), join(folder, 'alias'))
    expect(new TextDecoder().decode((await storage.read('current/x')) ?? undefined)).toBe('inside')
    expect(new TextDecoder().decode((await storage.read('alias')) ?? undefined)).toBe('inside')
    expect(await storage.list('')).toEqual(['alias', 'current/', 'versions/'])

    await symlink(join(outside, 'secret'), join(folder, 'leak'))
    await symlink(join(outside, 'folder'), join(folder, 'out'))
    const refused = { code: 'STORAGE_FAILED', message: expect.stringContaining('symbolic link') }
    await expect(storage.read('leak')).rejects.toMatchObject(refused)
    await expect(storage.stat('leak')).rejects.toMatchObject(refused)
    await expect(storage.readRange('leak', 0, 1)).rejects.toMatchObject(refused)
    await expect(storage.writeAtomic('out/x', 'x')).rejects.toMatchObject(refused)
    await expect(storage.list('out')).rejects.toMatchObject(refused)
    await expect(storage.openAppend('leak')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await storage.writeAtomic('leak', 'replaced')
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(await readdir(join(outside, 'folder'))).toEqual([])
    await storage.remove('out')
    expect(await readdir(join(outside, 'folder'))).toEqual([])
  })

  it('shows a version by a relative link, which moves along with the folder', async () => {
    const folder = newFolder()
    const storage = createLocalStorage(folder)
    await storage.writeAtomic('processors-files/.versions/x@1/a', 'inside')
    await storage.replaceFolder('processors-files/x', 'processors-files/.versions/x@1')
    expect(await readlink(join(folder, 'processors-files', 'x'))).toBe(join('.versions', 'x@1'))
    const moved = newFolder()
    await rename(folder, moved)
    expect(new TextDecoder().decode((await createLocalStorage(moved).read('processors-files/x/a')) ?? undefined)).toBe('inside')
    expect((await readdir(join(moved, 'processors-files'))).sort()).toEqual(['.versions', 'x'])
  })

  it('replaces no folder by one that lies outside', async () => {
    const folder = newFolder()
    const outside = newFolder()
    await mkdir(outside)
    const storage = createLocalStorage(folder)
    await storage.writeAtomic('versions/x', 'x')
    await symlink(outside, join(folder, 'versions', 'out'))
    await expect(storage.replaceFolder('shown', 'versions/out')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await storage.list('')).toEqual(['versions/'])
  })

  it('names the path and the way out when the folder cannot be made', async () => {
    const file = newFolder()
    await writeFile(file, '')
    await expect(createLocalStorage(join(file, 'dataset')).writeAtomic('x', 'x')).rejects.toMatchObject({
      code: 'ARTIFACT_PATH_NOT_WRITABLE',
      message: expect.stringContaining(file),
      details: { wayOut: expect.stringContaining('--artifact-path') },
    })
    await expect(createLocalStorage(file).writeAtomic('x', 'x')).rejects.toMatchObject({ code: 'ARTIFACT_PATH_NOT_WRITABLE' })
  })

  if (process.getuid?.() !== 0)
    it('says that a read-only folder is not writable', async () => {
      const folder = newFolder()
      await mkdir(folder)
      await chmod(folder, 0o500)
      await expect(createLocalStorage(join(folder, 'dataset')).writeAtomic('x', 'x')).rejects.toMatchObject({
        code: 'ARTIFACT_PATH_NOT_WRITABLE',
      })
      await expect(createLocalStorage(folder).writeAtomic('x', 'x')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    })

  if (process.platform === 'linux')
    it('says that a full disk is full', async () => {
      const { open } = await import('node:fs/promises')
      const handle = new LocalAppendHandle({ file: await open('/dev/full', 'a'), path: '/dev/full', sizeBytes: 0, syncMs: 1 })
      await expect(handle.append('x')).rejects.toMatchObject({ code: 'DISK_FULL', kind: 'blocked' })
    })
})

describe('disk errors', () => {
  const failed = (code: string): Error => Object.assign(new Error(code), { code })

  it.each([
    ['ENOSPC', 'write', 'DISK_FULL'],
    ['EDQUOT', 'create the folder', 'DISK_FULL'],
    ['EACCES', 'create the folder', 'ARTIFACT_PATH_NOT_WRITABLE'],
    ['EROFS', 'create the folder', 'ARTIFACT_PATH_NOT_WRITABLE'],
    ['EACCES', 'write', 'STORAGE_FAILED'],
    ['EPERM', 'link', 'LINK_NOT_SUPPORTED'],
    ['ENOTSUP', 'link', 'LINK_NOT_SUPPORTED'],
    ['EMLINK', 'link', 'LINK_NOT_SUPPORTED'],
    ['EPERM', 'write', 'STORAGE_FAILED'],
    ['EIO', 'read', 'STORAGE_FAILED'],
  ] as const)('%s on trying to %s is %s', (system, action, code) => {
    const cause = failed(system)
    const error = diskError(cause, action, '/data/x')
    expect(error).toMatchObject({ code, cause, message: expect.stringContaining('/data/x') })
    expect(error.details.wayOut).toBeTruthy()
  })

  it('passes our own errors unchanged', () => {
    const error = diskError(failed('EIO'), 'read', 'x')
    expect(diskError(error, 'write', 'y')).toBe(error)
  })
})

/** A file whose calls can be made to fail. */
class FakeFile extends EventEmitter {
  content = ''
  writes = 0
  syncs = 0
  failWrite: Error | null = null
  failSync: Error | null = null
  failTruncate: Error | null = null
  shortWrites = false

  async write(bytes: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }> {
    this.writes += 1
    const wanted = this.shortWrites || this.failWrite !== null ? Math.min(3, length) : length
    this.content += bytes.toString('latin1', offset, offset + wanted)
    if (this.failWrite !== null) throw this.failWrite
    return { bytesWritten: wanted }
  }

  async truncate(size: number): Promise<void> {
    if (this.failTruncate !== null) throw this.failTruncate
    this.content = this.content.slice(0, size)
  }

  async datasync(): Promise<void> {
    this.syncs += 1
    if (this.failSync !== null) throw this.failSync
  }

  async close(): Promise<void> {
    this.emit('close')
  }
}

describe('appending', () => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const open = (file: FakeFile, syncMs = 10_000): LocalAppendHandle =>
    new LocalAppendHandle({ file: file as unknown as FileHandle, path: '/x', sizeBytes: 0, syncMs })

  it('puts the appends of one turn into one write, and one fsync behind many writes', async () => {
    const file = new FakeFile()
    const handle = open(file)
    await Promise.all(Array.from({ length: 100 }, () => handle.append('ab')))
    expect(file.writes).toBe(1)
    await handle.append('c')
    expect(file.writes).toBe(2)
    expect(file.syncs).toBe(0)
    await handle.close()
    expect(file.syncs).toBe(1)
  })

  it('syncs on its own after syncMs', async () => {
    const file = new FakeFile()
    const handle = open(file, 1)
    await handle.append('a')
    await expect.poll(() => file.syncs).toBe(1)
    await handle.close()
    expect(file.syncs).toBe(1)
  })

  it('with no sync time is on disk for good when an append resolves, many appends sharing one fsync', async () => {
    const file = new FakeFile()
    const handle = open(file, 0)
    await Promise.all([handle.append('a\n'), handle.append('b\n')])
    expect(file.syncs).toBe(1)
    await handle.append('c\n')
    expect(file.syncs).toBe(2)
    file.failSync = Object.assign(new Error('io'), { code: 'EIO' })
    await expect(handle.append('d\n')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('finishes writes that the system takes in pieces', async () => {
    const file = new FakeFile()
    file.shortWrites = true
    await open(file).append('0123456789')
    expect(file.content).toBe('0123456789')
  })

  it('cuts a failed append off again, and goes on when there is space', async () => {
    const file = new FakeFile()
    const handle = open(file)
    await handle.append('first\n')
    file.failWrite = full
    await expect(handle.append('second\n')).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(file.content).toBe('first\n')
    file.failWrite = null
    await handle.append('third\n')
    await handle.close()
    expect(file.content).toBe('first\nthird\n')
  })

  it('gives up when half an append cannot be cut off, so that nothing is glued to it', async () => {
    const file = new FakeFile()
    const handle = open(file)
    file.failWrite = full
    file.failTruncate = new Error('no')
    await expect(handle.append('second\n')).rejects.toMatchObject({ code: 'DISK_FULL' })
    file.failWrite = null
    await expect(handle.append('third\n')).rejects.toMatchObject({ code: 'DISK_FULL' })
    await expect(handle.close()).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(file.content).toBe('sec')
  })

  it('says on the next append and on close that an fsync failed', async () => {
    const file = new FakeFile()
    const handle = open(file, 1)
    file.failSync = Object.assign(new Error('io'), { code: 'EIO' })
    await handle.append('a')
    await expect.poll(() => file.syncs).toBe(1)
    await expect(handle.append('b')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    let isClosed = false
    file.on('close', () => (isClosed = true))
    await expect(handle.close()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(isClosed).toBe(true)
  })
})

describe('opening a storage', () => {
  it('takes absolute folders and file URLs', () => {
    expect(openStorage(join(base, 'x')).describe()).toBe(join(base, 'x'))
    expect(openStorage(`file://${join(base, 'x y').replace(' ', '%20')}`).describe()).toBe(join(base, 'x y'))
  })

  it('refuses what client and worker would not see alike, or what it cannot write to yet', () => {
    expect(() => openStorage('artifacts/x')).toThrow(expect.objectContaining({ code: 'DATASET_NAME_INVALID' }))
    expect(() => openStorage('s3://bucket/x')).toThrow(expect.objectContaining({ code: 'CONFIG_NOT_YET' }))
  })
})
