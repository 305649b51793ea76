import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replaceFolderAt } from '../../src/storage/local-replace.ts'
import type { Replacement } from '../../src/storage/local-replace.ts'
import { dyingSystem, systemWithoutLinks } from './replace-systems.ts'

let base = ''
let folders = 0

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'parquetry-replace-'))
})
afterAll(async () => {
  await rm(base, { recursive: true, force: true })
})

type Before = 'nothing' | 'a plain folder' | 'a link' | 'a link to nothing'

async function prepare(before: Before): Promise<Replacement> {
  const root = join(base, String((folders += 1)))
  const versions = join(root, '.versions')
  for (const version of ['old', 'new']) {
    await mkdir(join(versions, version), { recursive: true })
    await writeFile(join(versions, version, 'content'), version)
  }
  const path = join(root, 'shown')
  if (before === 'a plain folder') {
    await mkdir(path)
    await writeFile(join(path, 'content'), 'old')
  }
  if (before === 'a link') await symlink(join('.versions', 'old'), path)
  if (before === 'a link to nothing') await symlink(join('.versions', 'gone'), path)
  return { path, version: join(versions, 'new'), target: join('.versions', 'new') }
}

const shownAt = async (path: string): Promise<string | null> => readFile(join(path, 'content'), 'utf8').catch(() => null)

describe.each([
  ['with links', undefined],
  ['without links', systemWithoutLinks],
])('replacing a folder %s', (_name, system) => {
  it.each<Before>(['nothing', 'a plain folder', 'a link', 'a link to nothing'])(
    'dead after any call, shows the old or the new one where there was %s, and the next call ends it',
    async (before) => {
      const old = before === 'a link' || before === 'a plain folder' ? 'old' : null
      const isOneStep = old === null || (system === undefined && before === 'a link')
      let died = 0
      for (let calls = 0; ; calls += 1) {
        const replacement = await prepare(before)
        const mortal = dyingSystem(calls, system)
        const outcome = await replaceFolderAt(replacement, mortal).then(
          () => 'done',
          () => 'died',
        )
        const { path } = replacement
        const shown = await shownAt(path)
        if (outcome === 'done') {
          expect(shown).toBe('new')
          break
        }
        died += 1
        // Nothing is lost even where nothing is shown.
        const aside = before === 'a link' ? join(path, '..', '.versions', 'old') : `${replacement.version}.replaced`
        if (shown !== old && shown !== 'new') expect([isOneStep, shown, await shownAt(aside)]).toEqual([false, null, 'old'])
        const isMoved = (await shownAt(replacement.version)) === null
        if (isMoved) expect(shown).toBe('new')
        else await replaceFolderAt(replacement, system)
        expect(await shownAt(path)).toBe('new')
        expect((await readdir(join(path, '..'))).sort()).toEqual(['.versions', 'shown'])
      }
      expect(died).toBeGreaterThanOrEqual(5)
    },
  )

  it('puts the old folder back when the new one cannot take its place', async () => {
    const replacement = await prepare('a plain folder')
    const base = dyingSystem(1_000, system)
    let renames = 0
    const rename = async (from: string, to: string): Promise<void> => {
      renames += 1
      if (renames === 2) throw Object.assign(new Error('no'), { code: 'EIO' })
      await base.rename(from, to)
    }
    await expect(replaceFolderAt(replacement, { ...base, rename })).rejects.toMatchObject({ code: 'EIO' })
    expect(await shownAt(replacement.path)).toBe('old')
    expect((await readdir(join(replacement.path, '..'))).sort()).toEqual(['.versions', 'shown'])
  })
})
