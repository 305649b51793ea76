import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { pushToHub } from '../../src/client/push-to-hub.ts'
import type { PushedDataset, PushOptions } from '../../src/client/push-to-hub.ts'
import { publishedFiles, sourceOfText } from '../../src/dataset/publish/published-files.ts'
import { requireMetadata } from '../../src/dataset/read-rows.ts'
import { isParquetryError } from '../../src/errors.ts'
import { openHub } from '../../src/hub/hub-client.ts'
import { createRepository, uploadFiles } from '../../src/hub/upload.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { startHub } from '../helpers/hub-stand-in.ts'
import type { HubStandIn } from '../helpers/hub-stand-in.ts'
import { addBelongings, makeFinished } from './made.ts'

const REPO = 'some-org/my.dataset'
let base: string
let folder: string
let storage: Storage
let hub: HubStandIn

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'parquetry-test-'))
  folder = join(base, 'made')
  storage = createLocalStorage(folder)
  await makeFinished(storage)
  await addBelongings(storage)
}, 60_000)
afterEach(() => hub?.close())
afterAll(() => rmSync(base, { recursive: true, force: true }))

/** Pushes to a hub of the test's own. */
async function push(options: PushOptions = {}, env: Readonly<Record<string, string>> = { HF_TOKEN: hub.token }): Promise<PushedDataset> {
  const quick = { attempts: 3, firstDelayMs: 1 }
  return await pushToHub(folder, REPO, { endpoint: hub.endpoint, env, homeFolder: join(base, 'home'), retries: quick, ...options })
}
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  )
  if (!isParquetryError(error)) throw new Error('expected a refusal', { cause: error })
  return `${error.code}: ${error.message}; ${error.details.wayOut ?? ''}`
}
const onDisk = (path: string): Buffer => readFileSync(join(folder, path))
const there = (path: string): Buffer | null => {
  const bytes = hub.files(REPO)?.get(path)
  return bytes === undefined ? null : Buffer.from(bytes)
}
const textThere = (path: string): string => String(there(path))
const puts = (): readonly string[] => hub.requests().flatMap(({ method, url }) => (method === 'PUT' ? [url] : []))

describe('push-to-hub', () => {
  it('brings rows, images, processors and the two files to the hub byte by byte, and nothing else of the folder', async () => {
    hub = await startHub()
    const pushed = await push()
    const rows = [0, 1, 2, 3, 4].map((id) => `batch_0000${id}.parquet`)
    expect([...hub.files(REPO)!.keys()].toSorted()).toEqual(
      [
        ...rows.map((name) => `data/${name}`),
        ...rows.map((name) => `short/${name}`),
        ...['_split.json', 'test.parquet', 'train.parquet'].map((name) => `processor-data/${name}`),
        'README.md',
        'builder_config.json',
        'images/photo/a.png',
        'images/photo/b.jpg',
        'lines/lines.jsonl',
        'metadata.json',
        'shuffled/part-00000.parquet',
      ].toSorted(),
    )
    for (const name of rows) expect(there(`data/${name}`)).toEqual(onDisk(`parquet-files/${name}`))
    for (const name of ['train.parquet', 'test.parquet'])
      expect(there(`processor-data/${name}`)).toEqual(onDisk(`processors-files/data/${name}`))
    expect(there('lines/lines.jsonl')).toEqual(onDisk('processors-files/lines/lines.jsonl'))
    expect(there('images/photo/a.png')).toEqual(onDisk('images/photo/a.png'))
    expect(there('builder_config.json')).toEqual(onDisk('builder_config.json'))
    const metadata = JSON.parse(textThere('metadata.json')) as { file_paths: Record<string, unknown>; parquetry: { totals: object } }
    expect(metadata.file_paths['data']).toEqual(rows.map((name) => `data/${name}`))
    expect(JSON.stringify(metadata.file_paths)).toContain('processor-data/train.parquet')
    expect(JSON.stringify(metadata.file_paths)).not.toMatch(/parquet-files|processors-files/)
    expect(pushed).toMatchObject({ repoId: REPO, url: `${hub.endpoint}/datasets/${REPO}`, isComplete: true, rows: 20, rowsWanted: 20 })
    expect(pushed.files.map(({ path }) => path).toSorted()).toEqual([...hub.files(REPO)!.keys()].toSorted())
    expect(pushed.upload).toMatchObject({ unchanged: [], deleted: [], commits: [expect.stringMatching(/^[0-9a-f]{40}$/)] })
    expect(hub.isPrivate(REPO)).toBe(false)
  })

  it('gives the token to the hub and not to its storage nor to signed addresses, and says it nowhere', async () => {
    hub = await startHub({ partBytes: 1_000 })
    const pushed = await push({ private: true })
    expect(hub.isPrivate(REPO)).toBe(true)
    for (const { origin, authorization, contentLength, method, url } of hub.requests()) {
      expect(authorization).toBe(origin === 'hub' && !url.includes('/complete/') ? `Bearer ${hub.token}` : undefined)
      if (method === 'PUT') expect(Number(contentLength)).toBeGreaterThan(0)
    }
    expect(JSON.stringify(pushed)).not.toContain(hub.token)
    for (const bytes of hub.files(REPO)!.values()) expect(Buffer.from(bytes).includes(hub.token)).toBe(false)
  })

  it('sends nothing the second time, and only what changed the third time', async () => {
    hub = await startHub()
    await push()
    hub.forget()
    const again = await push()
    expect(again.upload).toMatchObject({ changed: [], deleted: [], sentBytes: 0, commits: [] })
    expect(hub.requests().filter(({ method, url }) => method === 'PUT' || url.includes('/commit/'))).toEqual([])
    const more = onDisk('processors-files/lines/lines.jsonl')
    hub.put(REPO, 'data/batch_00007.parquet', new Uint8Array([1]))
    hub.put(REPO, 'notes/mine.md', new Uint8Array([2]))
    writeFileSync(join(folder, 'processors-files/lines/lines.jsonl'), Buffer.concat([more, more]))
    try {
      const third = await push()
      expect(third.upload).toMatchObject({ changed: ['lines/lines.jsonl'], deleted: ['data/batch_00007.parquet'] })
      expect(there('lines/lines.jsonl')).toEqual(Buffer.concat([more, more]))
      expect(there('data/batch_00007.parquet')).toBe(null)
      expect(there('notes/mine.md')).not.toBe(null)
    } finally {
      writeFileSync(join(folder, 'processors-files/lines/lines.jsonl'), more)
    }
  })

  it('goes on after an upload that was cut off, without sending again what has arrived', async () => {
    hub = await startHub()
    hub.fail(/^POST .*\/commit\//, 3, 503)
    expect(await refusal(push())).toMatch(
      /^HUB_UNAVAILABLE: expected an answer from http:\S+ to commit the files, found status 503.*, 3 times/,
    )
    const sent = puts().length
    expect(sent).toBeGreaterThan(5)
    hub.forget()
    await push()
    expect(puts()).toEqual([])
    expect(there('data/batch_00004.parquet')).toEqual(onDisk('parquet-files/batch_00004.parquet'))
  })

  it('tries a failed upload again, from its first byte, and large files in parts', async () => {
    hub = await startHub({ partBytes: 1_000 })
    hub.fail(/^PUT /, 2, 500)
    await push()
    expect(puts().some((url) => /\/put\/[0-9a-f]+\/3$/.test(url))).toBe(true)
    for (const id of [0, 1, 2, 3, 4]) expect(there(`data/batch_0000${id}.parquet`)).toEqual(onDisk(`parquet-files/batch_0000${id}.parquet`))
  })

  it('waits as long as a hub asks it to that has had too many requests', async () => {
    hub = await startHub()
    hub.fail(/^POST .*\/preupload\//, 1, 429, { 'retry-after': '0.4' })
    const begun = performance.now()
    await push()
    expect(performance.now() - begun).toBeGreaterThan(390)
    expect(hub.requests().filter(({ url }) => url.includes('/preupload/'))).toHaveLength(2)
  })

  it('holds no more than a piece of a large file in memory', async () => {
    hub = await startHub()
    const place = { endpoint: hub.endpoint, repoId: REPO, token: hub.token }
    const client = openHub(place)
    const pieces: number[] = []
    const source = {
      byteLength: 5_000_000,
      slice(start: number, end: number): Uint8Array {
        pieces.push(end - start)
        return new Uint8Array(end - start).fill(start % 251)
      },
    }
    try {
      await createRepository(client, hub.endpoint, false)
      const sent = await uploadFiles(client, { files: [{ path: 'data/x.parquet', source }], listed: [], deleted: [], summary: 'x' })
      expect(sent.sentBytes).toBe(5_000_000)
      expect(there('data/x.parquet')?.length).toBe(5_000_000)
      expect(Math.max(...pieces)).toBeLessThanOrEqual(1024 * 1024)
    } finally {
      await client.close()
    }
  })

  it('commits many files in parts, and gives more files than a folder may hold folders of their own', async () => {
    hub = await startHub()
    const client = openHub({ endpoint: hub.endpoint, repoId: REPO, token: hub.token })
    const files = Array.from({ length: 1_100 }, (_, index) => ({ path: `x/${index}.txt`, source: sourceOfText(`text ${index}`) }))
    try {
      await createRepository(client, hub.endpoint, false)
      const sent = await uploadFiles(client, { files, listed: [], deleted: [], summary: 'x' })
      expect(sent.commits).toHaveLength(2)
      expect(hub.files(REPO)!.size).toBe(1_100)
      expect(String(there('x/1099.txt'))).toBe('text 1099')
    } finally {
      await client.close()
    }
    const { files: spread, subsets } = await publishedFiles(storage, await requireMetadata(storage), 3)
    const paths = spread.map(({ path }) => path)
    expect(paths).toContain('data/000/batch_00002.parquet')
    expect(paths).toContain('data/001/batch_00003.parquet')
    expect(paths).toContain('short/001/batch_00004.parquet')
    expect(subsets[0]).toEqual({ name: 'data', splits: { train: 'data/*/*.parquet' } })
  })

  it('says what is wrong with a token, without the token', async () => {
    hub = await startHub()
    expect(await refusal(push({}, {}))).toMatch(/^HUB_TOKEN_MISSING: expected a token for the hub in HF_TOKEN, found none; .*hf auth login/)
    const wrong = await refusal(push({}, { HF_TOKEN: 'hf_wrong' }))
    expect(wrong).toMatch(/^HUB_FORBIDDEN: expected .* to let this token write the dataset some-org\/my\.dataset .*found status 401/)
    hub.fail(/^POST .*\/preupload\//, 1, 403)
    const forbidden = await refusal(push())
    expect(forbidden).toMatch(/^HUB_FORBIDDEN: .*found status 403: made to fail, and Bearer … was here; .*write to some-org/)
    expect(forbidden).not.toContain(hub.token)
    expect(await refusal(push({}, { HF_TOKEN: 'two\r\nlines' }))).toMatch(/^HUB_TOKEN_MISSING/)
  })

  it("takes the token from where Hugging Face's own tools leave it, too", async () => {
    hub = await startHub()
    mkdirSync(join(base, 'hf'), { recursive: true })
    writeFileSync(join(base, 'hf', 'token'), `${hub.token}\n`)
    expect((await push({}, { HF_HOME: join(base, 'hf') })).upload?.commits).toHaveLength(1)
    expect((await push({}, { HF_TOKEN_PATH: join(base, 'hf', 'token') })).upload?.commits).toHaveLength(0)
  })

  it('does not push over another dataset unless it shall', async () => {
    hub = await startHub()
    hub.put(REPO, 'data/train-0.parquet', new Uint8Array([1]))
    expect(await refusal(push())).toMatch(/^USAGE: expected some-org\/my\.dataset to be empty or to hold this dataset, found another/)
    hub.put(REPO, 'metadata.json', Buffer.from('{"parquetry":{"dataset_id":"another"}}'))
    expect(await refusal(push())).toMatch(/^USAGE: .*--replace/)
    expect((await push({ replace: true })).upload?.deleted).toEqual(['data/train-0.parquet'])
    expect(there('data/train-0.parquet')).toBe(null)
  })

  it('refuses what is no owner/name and no address before anything is read or asked', async () => {
    hub = await startHub()
    for (const repo of [
      'name',
      '../../etc/passwd',
      'a/..',
      'a/b/c',
      'a/b?x=1',
      'a/b#c',
      'a/b.git',
      '-a/b',
      'a/b--c',
      'a/%2e%2e',
      'a\\b/c',
      'ä/b',
      '/b',
    ]) {
      expect(await refusal(pushToHub(folder, repo, { endpoint: hub.endpoint, env: { HF_TOKEN: hub.token } }))).toMatch(
        /^USAGE: expected a dataset on the hub as owner\/name/,
      )
    }
    for (const endpoint of ['http://example.com', 'ftp://127.0.0.1', 'https://user:pw@example.com', 'nothing']) {
      expect(await refusal(push({ endpoint }))).toMatch(/^USAGE: expected the address of a hub that begins with https/)
    }
    expect(hub.requests()).toEqual([])
    expect(await refusal(push({ endpoint: 'http://127.0.0.1:9' }))).toMatch(
      /^HUB_UNAVAILABLE: expected to reach http:\/\/127\.0\.0\.1:9 .*no connection in 3 attempts/,
    )
  })

  it('refuses an incomplete dataset, and pushes it with a card that says so when it is allowed', async () => {
    hub = await startHub()
    const away = onDisk('parquet-files/batch_00002.parquet')
    rmSync(join(folder, 'parquet-files/batch_00002.parquet'))
    try {
      expect(await refusal(push())).toMatch(
        /^DATASET_INCOMPLETE: expected a complete dataset .* and 1 of 5 row groups missing; .*--allow-incomplete/,
      )
      expect(hub.requests()).toEqual([])
      const pushed = await push({ allowIncomplete: true })
      expect(pushed).toMatchObject({ isComplete: false, rows: 16, rowsWanted: 20 })
      expect(textThere('README.md')).toContain('> **Incomplete:** 16 of 20 rows are here.')
      expect(textThere('README.md')).toContain('- incomplete\n')
      expect(there('data/batch_00002.parquet')).toBe(null)
    } finally {
      writeFileSync(join(folder, 'parquet-files/batch_00002.parquet'), away)
    }
  })

  it('says in a dry run what would go, and asks nobody', async () => {
    hub = await startHub()
    const pushed = await push({ dryRun: true }, {})
    expect(pushed.upload).toBe(null)
    expect(pushed.files.map(({ path }) => path)).toContain('data/batch_00000.parquet')
    expect(pushed.card).toContain('## Schema and statistics')
    expect(hub.requests()).toEqual([])
  })

  it('writes a card with front matter, schema, statistics and the config', async () => {
    hub = await startHub()
    await push({ tags: ['reviews', 'a: "b"'], description: 'About *things*.' })
    const [, yaml = '', text = ''] = /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(textThere('README.md')) ?? []
    expect(parse(yaml)).toEqual({
      size_categories: ['n<1K'],
      tags: ['synthetic', 'datadesigner', 'parquetry', 'reviews', 'a: "b"'],
      configs: [
        { config_name: 'data', default: true, data_files: [{ split: 'train', path: 'data/*.parquet' }] },
        {
          config_name: 'processor-data',
          data_files: [
            { split: 'train', path: 'processor-data/train.parquet' },
            { split: 'test', path: 'processor-data/test.parquet' },
          ],
        },
        { config_name: 'short', data_files: [{ split: 'train', path: 'short/*.parquet' }] },
        { config_name: 'shuffled', data_files: [{ split: 'train', path: 'shuffled/*.parquet' }] },
      ],
    })
    for (const part of [
      'About *things*.',
      '- **Rows**: 20 of 20 asked for',
      '| `id` | `string` | sampler | 20 (100.0 %) | 0 (0.0 %) | uuid |',
      '| `price` | `float` | sampler |',
      '- **llm-text**: 1',
      'Models: `stub-1`.',
      'prompt: Row {{ id }} says {{ secret }}',
      'load_dataset("some-org/my.dataset", "short", split="train")',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).not.toContain('Incomplete')
  })
})
