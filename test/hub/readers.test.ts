import { mkdtempSync, rmSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatasetRows } from '../../src/client/open-dataset-rows.ts'
import { pushToHub } from '../../src/client/push-to-hub.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { startHub } from '../helpers/hub-stand-in.ts'
import type { HubStandIn } from '../helpers/hub-stand-in.ts'
import { askPython, tagged } from '../parquet/python.ts'
import type { PythonAnswer } from '../parquet/python.ts'
import { makeFinished } from './made.ts'

type Row = Readonly<Record<string, unknown>>
const REPO = 'org/made'
let base: string
let folder: string
let hub: HubStandIn
let wanted: readonly Row[]
let answers: Readonly<Record<string, PythonAnswer>>

/** One Python process for all of it: most of the time goes into its imports. */
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'parquetry-test-'))
  folder = join(base, 'made')
  await makeFinished(createLocalStorage(folder))
  const rows: Row[] = []
  for await (const row of openDatasetRows(folder)) rows.push(row)
  wanted = rows
  hub = await startHub()
  await pushToHub(folder, REPO, { endpoint: hub.endpoint, env: { HF_TOKEN: hub.token }, private: true })
  // The same as somebody has it who has downloaded the dataset.
  for (const [path, bytes] of hub.files(REPO)!) {
    mkdirSync(dirname(join(base, 'clone', path)), { recursive: true })
    writeFileSync(join(base, 'clone', path), bytes)
  }
  const at = (path: string): string => `${folder}/${path}/*.parquet`
  const onHub = { reader: 'datasets', file: REPO, endpoint: hub.endpoint, token: hub.token } as const
  const requests = {
    rows: { reader: 'all', file: at('parquet-files') },
    dropped: { reader: 'all', file: at('dropped-columns-parquet-files') },
    transformed: { reader: 'all', file: at('processors-files/short') },
    shuffled: { reader: 'all', file: at('processors-files/shuffled') },
    hub: onHub,
    hubSplit: { ...onHub, subset: 'processor-data' },
    hubTransformed: { ...onHub, subset: 'short' },
    byPattern: { reader: 'datasets', file: at('parquet-files') },
    shuffledByPattern: { reader: 'datasets', file: at('processors-files/shuffled') },
    droppedByPattern: { reader: 'datasets', file: at('dropped-columns-parquet-files') },
    clone: { reader: 'datasets', file: join(base, 'clone') },
    cloneSplit: { reader: 'datasets', file: join(base, 'clone'), subset: 'processor-data' },
  } as const
  const found = await askPython(Object.values(requests))
  answers = Object.fromEntries(Object.keys(requests).map((name, index) => [name, found[index]!]))
}, 120_000)
afterAll(async () => {
  await hub?.close()
  rmSync(base, { recursive: true, force: true })
})

/** JSON columns are text for some readers, bytes for polars, and decoded by datasets. */
function decoded(rows: readonly Row[]): readonly Row[] {
  return rows.map(({ loose, ...row }) => {
    if (loose === undefined) return row
    const text = (loose as { readonly $bytes?: string } | null)?.$bytes ?? loose
    return { ...row, loose: typeof text === 'string' ? (JSON.parse(text) as unknown) : text }
  })
}
const rowsOf = (name: string, reader: string): readonly Row[] => decoded((answers[name]!.columns[reader] ?? []) as readonly Row[])
const sorted = (rows: readonly Row[]): readonly Row[] => rows.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
const expected = (): readonly Row[] => wanted.map((row) => tagged(row as never) as Row)

describe.each(['pandas', 'duckdb', 'polars'])('%s', (reader) => {
  it('opens the folder of row groups: numbers, times, structs, lists and JSON are what they were', () => {
    expect(rowsOf('rows', reader)).toEqual(expected())
  })

  it('opens dropped columns and the outputs of processors, also those behind a link', () => {
    expect(rowsOf('dropped', reader).map((row) => Object.keys(row))).toEqual(wanted.map(() => ['secret']))
    expect(rowsOf('transformed', reader).map(({ said }) => said)).toEqual(wanted.map(({ text }) => text))
    expect(sorted(rowsOf('shuffled', reader))).toEqual(sorted(expected()))
    expect(rowsOf('shuffled', reader)).not.toEqual(expected())
  })
})

describe('Hugging Face datasets', () => {
  it('loads the files by a pattern, nested values included, and so dropped columns and processors', () => {
    expect(rowsOf('byPattern', 'train')).toEqual(expected())
    expect(sorted(rowsOf('shuffledByPattern', 'train'))).toEqual(sorted(expected()))
    expect(rowsOf('droppedByPattern', 'train').map((row) => Object.keys(row))).toEqual(wanted.map(() => ['secret']))
  })

  it('loads a pushed dataset by its name from the hub, and subsets and splits as the card has them', () => {
    expect(rowsOf('hub', 'train')).toEqual(expected())
    expect(Object.keys(answers['hubSplit']!.columns)).toEqual(['train', 'test'])
    expect(sorted([...rowsOf('hubSplit', 'train'), ...rowsOf('hubSplit', 'test')])).toEqual(sorted(expected()))
    expect(rowsOf('hubTransformed', 'train').map(({ said }) => said)).toEqual(wanted.map(({ text }) => text))
  })

  it('loads a folder that is laid out as pushed by its card', () => {
    expect(rowsOf('clone', 'train')).toEqual(expected())
    expect(sorted([...rowsOf('cloneSplit', 'train'), ...rowsOf('cloneSplit', 'test')])).toEqual(sorted(expected()))
  })
})
