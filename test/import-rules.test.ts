import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
let probe: string

/** Lints one planted file in a copy of the layout; answers what the linter says. */
async function lint(path: string, text: string): Promise<{ status: number | null; said: string }> {
  await mkdir(dirname(join(probe, path)), { recursive: true })
  await writeFile(join(probe, path), text)
  const result = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-c', join(probe, 'oxlint.config.js'), path], {
    cwd: probe,
    encoding: 'utf8',
  })
  await rm(join(probe, path))
  return { status: result.status, said: `${result.stdout}${result.stderr}` }
}

beforeAll(async () => {
  probe = await mkdtemp(join(root, '.import-rules-'))
  await symlink(join(root, 'oxlint.config.js'), join(probe, 'oxlint.config.js'))
})
afterAll(async () => {
  await rm(probe, { recursive: true, force: true })
})

describe('the linter refuses an import against the direction of flow', () => {
  it.each([
    ['workflows/wrong.ts', "import { readFile } from 'node:fs'\nvoid readFile\n", 'sandbox'],
    ['workflows/wrong.ts', "import { openStorage } from '../src/storage/open.ts'\nvoid openStorage\n", 'direction of flow'],
    ['workflows/wrong.ts', "import { z } from 'zod'\nvoid z\n", 'sandbox'],
    ['workflows/wrong.ts', "import { Client } from '@temporalio/client'\nvoid Client\n", 'sandbox'],
    ['src/plan/wrong.ts', "import { createHash } from 'node:crypto'\nvoid createHash\n", 'sandbox'],
    ['src/columns/wrong.ts', "import { openStorage } from '../storage/open.ts'\nvoid openStorage\n", 'direction of flow'],
    ['src/dataset/wrong.ts', "import { createModels } from '../model/models.ts'\nvoid createModels\n", 'direction of flow'],
    ['src/storage/wrong.ts', "import { runSession } from '../cli/run-session.ts'\nvoid runSession\n", 'direction of flow'],
    ['src/newcomer/wrong.ts', "import { openStorage } from '../storage/open.ts'\nvoid openStorage\n", 'missing from the import table'],
  ])('%s importing as in %j', async (path, text, reason) => {
    const { status, said } = await lint(path, text)
    expect(said).toContain(reason)
    expect(status).not.toBe(0)
  })

  it.each([
    ['workflows/right.ts', "import { rowGroupCount } from '../src/plan/row-groups.ts'\nvoid rowGroupCount\n"],
    ['workflows/right.ts', "import type { Storage } from '../src/storage/storage.ts'\nexport type Right = Storage\n"],
    ['src/dataset/right.ts', "import { rowGroupCount } from '../plan/row-groups.ts'\nvoid rowGroupCount\n"],
  ])('and lets a right one in %s pass: %j', async (path, text) => {
    const { status, said } = await lint(path, text)
    expect(said).not.toContain('direction of flow')
    expect(status).toBe(0)
  })

  it('knows every folder of src', async () => {
    const { default: config } = (await import(join(root, 'oxlint.config.js'))) as { default: { overrides: { files: string[] }[] } }
    const known = new Set(config.overrides.flatMap(({ files }) => files))
    const entries = await readdir(join(root, 'src'), { withFileTypes: true })
    for (const entry of entries) expect(known).toContain(entry.isDirectory() ? `src/${entry.name}/**` : `src/${entry.name}`)
  })
})
