import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SeedSource } from '../../src/seed/source.ts'
import { makeSeedFolder, readAll, refusalOf } from './seeds.ts'
import type { SeedFolder } from './seeds.ts'

/** A stand-in for the hub's HTTP API: two pages of files, a redirect for the large one, a token for the private dataset. */
const FILES: Readonly<Record<string, string>> = {
  'data/train-0.csv': 'n\n1\n2\n',
  'data/train-1.csv': 'n\n3\n',
  'data/deep/x.csv': 'n\n9\n',
  'README.md': 'a dataset',
}
let folder: SeedFolder
let server: Server
let endpoint: string
let requests: { readonly url: string; readonly authorization: string | undefined }[] = []
let failures = 0

function answer(request: IncomingMessage): { status: number; headers?: Record<string, string>; body?: string } {
  const url = request.url ?? ''
  requests.push({ url, authorization: request.headers.authorization })
  if (failures > 0) {
    failures -= 1
    return { status: 503 }
  }
  if (url.includes('/private') && request.headers.authorization !== 'Bearer hf_right') return { status: 401 }
  const tree = Object.entries(FILES).map(([path, text]) => ({ type: 'file', path, size: text.length, oid: `oid-${path}` }))
  const listing = /^\/api\/datasets\/org\/(?:open|private)\/tree\/(?:main|v2)\?recursive=true(&cursor=2)?$/.exec(url)
  if (listing !== null) {
    const isSecond = listing[1] !== undefined
    const link = `<${endpoint}${url}&cursor=2>; rel="next"`
    return { status: 200, body: JSON.stringify(isSecond ? tree.slice(1) : tree.slice(0, 1)), ...(isSecond ? {} : { headers: { link } }) }
  }
  const path = /^\/datasets\/org\/(?:open|private)\/resolve\/(?:main|v2)\/(.+)$/.exec(url)?.[1]
  if (path === 'data/train-1.csv') return { status: 302, headers: { location: `/cdn/${path}` } }
  const text = FILES[path ?? url.replace('/cdn/', '')]
  return text === undefined ? { status: 404 } : { status: 200, body: text }
}

beforeAll(async () => {
  folder = await makeSeedFolder()
  server = createServer((request, response) => {
    const { status, headers = {}, body = '' } = answer(request)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await folder.remove()
})
beforeEach(() => {
  requests = []
})

const hub = (path: string, token: string | null = null): SeedSource => ({ seed_type: 'hf', path, token, endpoint })
const place = (env: Readonly<Record<string, string>> = {}): SeedFolder['place'] => ({ ...folder.place, env })

describe('seed data on a hub', () => {
  it('are listed over all pages, downloaded in the order of their names, and not twice', async () => {
    const source = hub('datasets/org/open/data/*.csv')
    expect((await readAll(source, place())).rows).toEqual([[1], [2], [3]])
    const downloads = (): string[] => requests.map(({ url }) => url).filter((url) => url.includes('/resolve/'))
    expect(downloads().length).toBe(2)
    expect((await readAll(source, place())).rows).toEqual([[1], [2], [3]])
    expect(downloads().length).toBe(2)
    expect((await readdir(folder.place.cacheFolder)).every((name) => /^[0-9a-f]{32}\.csv$/.test(name))).toBe(true)
  })

  it('may be one file, files in all folders, or those of a revision', async () => {
    expect((await readAll(hub('datasets/org/open/data/train-0.csv'), place())).rows).toEqual([[1], [2]])
    expect((await readAll(hub('datasets/org/open@v2/**/*.csv'), place())).facts.rowCount).toBe(4)
    expect(requests.some(({ url }) => url.includes('/tree/v2'))).toBe(true)
  })

  it('of a private dataset need the token that the config names, from the environment, and never show it', async () => {
    const source = hub('datasets/org/private/data/*.csv', 'MY_TOKEN')
    expect((await readAll(source, place({ MY_TOKEN: 'hf_right' }))).facts.rowCount).toBe(3)
    expect(await refusalOf(readAll(source, place()))).toMatch(
      /expected the token .* in the environment variable MY_TOKEN, found it not set/,
    )
    const refused = await refusalOf(readAll(source, place({ MY_TOKEN: 'hf_wrong' })))
    expect(refused).toMatch(/expected to be let in to the dataset org\/private .*found status 401; put a token .* MY_TOKEN/)
    expect(refused).not.toContain('hf_wrong')
  })

  it('at an endpoint of the config are not given HF_TOKEN, which belongs to Hugging Face', async () => {
    await readAll(hub('datasets/org/open/data/*.csv'), place({ HF_TOKEN: 'hf_secret' }))
    expect(requests.map(({ authorization }) => authorization)).toEqual(requests.map(() => undefined))
    expect(requests.length).toBeGreaterThan(0)
  })

  it('are asked for again when the server fails for a moment', async () => {
    failures = 2
    expect((await readAll(hub('datasets/org/open/data/*.csv'), place())).facts.rowCount).toBe(3)
  })

  it('that are not there are refused with what to check', async () => {
    expect(await refusalOf(readAll(hub('datasets/org/none/x.csv'), place()))).toMatch(
      /expected the dataset org\/none at .*, found status 404/,
    )
    expect(await refusalOf(readAll(hub('datasets/org/open/data/*.parquet'), place()))).toMatch(/that match .*, found none/)
    const gone: SeedSource = { seed_type: 'hf', path: 'datasets/org/open/data/*.csv', token: null, endpoint: 'http://127.0.0.1:9' }
    expect(await refusalOf(readAll(gone, place()))).toMatch(/expected to reach http:\/\/127\.0\.0\.1:9 for seed data, found no connection/)
  })
})
