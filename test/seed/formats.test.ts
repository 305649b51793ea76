import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SeedSource } from '../../src/seed/source.ts'
import { local, makeSeedFolder, readAll, refusalOf } from './seeds.ts'
import type { SeedFolder } from './seeds.ts'

let folder: SeedFolder
beforeAll(async () => {
  folder = await makeSeedFolder()
})
afterAll(() => folder.remove())

const python =
  process.env['PARQUETRY_TEST_PYTHON'] ?? fileURLToPath(new URL('../../node_modules/.cache/parquetry-python/bin/python', import.meta.url))

async function read(name: string, content: string): Promise<Awaited<ReturnType<typeof readAll>>> {
  await folder.write(name, content)
  return await readAll(local(name), folder.place)
}

describe('JSON as seed data', () => {
  const objects = [
    '{"a": 1, "b": {"c": "x}", "d": [1, 2]}}',
    '{"a": 9007199254740993, "b": {"c": "\\"]", "d": []}, "e": null}',
    '{"b": null}',
  ]

  it.each([
    ['a list', 'l.json', `[\n${objects.join(',\n')}\n]`],
    ['lines', 'l.jsonl', `${objects.join('\r\n')}\r\n`],
    ['lines in a .json file', 'lines.json', objects.join('\n')],
  ])('written as %s gives groups, lists, exact integers, and null for what is not there', async (_form, name, content) => {
    const { types, rows } = await read(name, content)
    expect(types).toEqual({ a: 'int64', b: 'group<"c": string, "d": list<int64>>', e: 'string' })
    expect(rows).toEqual([
      [1, { c: 'x}', d: [1, 2] }, null],
      [9007199254740993n, { c: '"]', d: [] }, null],
      [null, null, null],
    ])
  })

  it('gives text for scalars of several kinds and JSON for what has no one form, and never rounds an integer', async () => {
    const { types, rows } = await read(
      'm.jsonl',
      '{"s": 1, "j": [1], "d": 1, "h": 1, "t": "12345678901234567890 in a text"}\n{"s": "x", "j": {"k": 12345678901234567890}, "d": 0.5, "h": 123456789012345678901}\n',
    )
    expect(types).toEqual({ s: 'string', j: 'json', d: 'double', h: 'string', t: 'string' })
    expect(rows).toEqual([
      ['1', [1], 1, '1', '12345678901234567890 in a text'],
      ['x', { k: '12345678901234567890' }, 0.5, '123456789012345678901', null],
    ])
  })

  it('is cut into objects wherever the pieces of the file end', async () => {
    const text = 'long \\" { [ text '.repeat(40_000)
    const { rows } = await read('pieces.jsonl', Array.from({ length: 3 }, (_, id) => `{"id": ${id}, "text": "${text}"}`).join('\n'))
    expect(rows.map(([id, found]) => [id, (found as string).length])).toEqual([0, 1, 2].map((id) => [id, text.length - 40_000]))
  })

  it.each([
    ['[{"a": 1}, 2]', /object 2: expected a JSON object, found "2\]"/],
    ['{"a": 1}\n{"a": tru}\n', /object 2: expected a JSON object, found text that is none/],
    ['[{"a": 1}', /found the end of the file before that of the list/],
    ['{"a": 1', /object 1: .*found the end of the file within it/],
  ])('that is broken is refused with its place: %s', async (content, message) => {
    expect(await refusalOf(read('broken.json', content))).toMatch(message)
  })
})

describe('parquet as seed data', () => {
  it.each(['snappy', 'zstd', 'gzip', 'none'])(
    'written by pyarrow with %s keeps its types, nested ones too, and every integer',
    async (codec) => {
      expect(existsSync(python), 'run node scripts/python-env.mjs first').toBe(true)
      const file = join(folder.path, `${codec}.parquet`)
      execFileSync(python, [
        '-c',
        `
import pyarrow as pa, pyarrow.parquet as pq, datetime, sys
table = pa.table({
  'id': pa.array([1, 2**53 + 1, None], pa.int64()),
  'small': pa.array([1, -2, 3], pa.int32()),
  'score': pa.array([0.5, float('nan'), None], pa.float64()),
  'name': pa.array(['Müller', '', None]),
  'tags': pa.array([['a', None], [], None], pa.list_(pa.string())),
  'at': pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5)] * 3, pa.timestamp('us')),
  'who': pa.array([{'age': 3, 'in': {'x': True}}, None, {'age': None, 'in': None}], pa.struct([('age', pa.int64()), ('in', pa.struct([('x', pa.bool_())]))])),
  'kind': pa.array(['u', 'v', 'u']).dictionary_encode(),
})
pq.write_table(table, sys.argv[1], compression=sys.argv[2], row_group_size=2)
`,
        file,
        codec,
      ])
      const { types, rows, facts } = await readAll(local(file), folder.place)
      expect(types).toEqual({
        id: 'int64',
        small: 'int64',
        score: 'double',
        name: 'string',
        tags: 'list<string>',
        at: 'timestamp',
        who: 'group<"age": int64, "in": group<"x": boolean>>',
        kind: 'string',
      })
      const at = new Date('2024-01-02T03:04:05Z')
      expect(facts.rowCount).toBe(3)
      expect(rows).toEqual([
        [1, 1, 0.5, 'Müller', ['a', null], at, { age: 3, in: { x: true } }, 'u'],
        [9007199254740993n, -2, null, '', [], at, null, 'v'],
        [null, 3, null, null, null, at, { age: null, in: null }, 'u'],
      ])
    },
  )

  it('that is none is refused with the reason', async () => {
    await folder.write('none.parquet', 'not parquet at all')
    expect(await refusalOf(readAll(local('none.parquet'), folder.place))).toMatch(
      /expected .*none\.parquet to be a readable parquet file: /,
    )
  })
})

describe('folders as seed data', () => {
  const source = (more: object): SeedSource =>
    ({ seed_type: 'file_contents', path: 'docs', file_pattern: '*.txt', recursive: true, encoding: 'utf-8', ...more }) as SeedSource

  it('give a row a file, by name pattern, with or without the folders below and the text', async () => {
    await folder.write('docs/b.txt', 'two\r\nlines')
    await folder.write('docs/a.txt', 'ä')
    await folder.write('docs/in/c.txt', 'c')
    await folder.write('docs/readme.md', 'no')
    const path = (name: string): string => join(folder.path, 'docs', name)
    expect((await readAll(source({}), folder.place)).rows).toEqual([
      ['file_contents', path('a.txt'), 'a.txt', 'a.txt', 'ä'],
      ['file_contents', path('b.txt'), 'b.txt', 'b.txt', 'two\nlines'],
      ['file_contents', path('in/c.txt'), 'in/c.txt', 'c.txt', 'c'],
    ])
    const { types, rows } = await readAll({ seed_type: 'directory', path: 'docs', file_pattern: '[ab].*', recursive: false }, folder.place)
    expect(Object.keys(types)).toEqual(['source_kind', 'source_path', 'relative_path', 'file_name'])
    expect(rows.map((row) => [row[0], row[2]])).toEqual([
      ['directory_file', 'a.txt'],
      ['directory_file', 'b.txt'],
    ])
  })

  it('are read in the encoding given, by the name Python has for it', async () => {
    await folder.write('latin/x.txt', Buffer.from('M\xfc\x80', 'latin1'))
    for (const [encoding, text] of [
      ['latin_1', 'Mü\x80'],
      ['cp1252', 'Mü€'],
    ]) {
      expect((await readAll(source({ path: 'latin', encoding }), folder.place)).rows[0]![4]).toBe(text)
    }
    expect(await refusalOf(readAll(source({ path: 'latin' }), folder.place))).toMatch(
      /expected .*x\.txt to be text in utf-8, found bytes that are not/,
    )
  })
})

describe('a path of seed data', () => {
  it('may be a pattern over folders; what is not there or of several formats is refused', async () => {
    await folder.write('g/1/x.csv', 'n\n1\n')
    await folder.write('g/2/3/y.csv', 'n\n2\n')
    await folder.write('mixed/a.csv', 'n\n1\n')
    await folder.write('mixed/a.json', '{"n": 1}')
    expect((await readAll(local('g/**/*.csv'), folder.place)).rows).toEqual([[1], [2]])
    expect(await refusalOf(readAll(local('gone.csv'), folder.place))).toMatch(
      /SEED_DATA_UNREADABLE: expected a file of seed data at .*gone\.csv, found no such file/,
    )
    expect(await refusalOf(readAll(local('g/*.json'), folder.place))).toMatch(/that match .*g\/\*\.json, found none/)
    expect(await refusalOf(readAll(local('mixed'), folder.place))).toMatch(/expected files of one format at .*mixed, found csv and json/)
    await folder.write('x.xlsx', '')
    expect(await refusalOf(readAll(local('x.xlsx'), folder.place))).toMatch(/with the extension parquet, csv, json, jsonl, found x\.xlsx/)
  })

  it('has a content hash that moving keeps and one changed byte changes', async () => {
    await folder.write('h/a.csv', 'n\n1\n')
    await folder.write('h2/b.csv', 'n\n1\n')
    await folder.write('h3/c.csv', 'n\n2\n')
    const [one, moved, other] = await Promise.all(['h/a.csv', 'h2/b.csv', 'h3/c.csv'].map((name) => readAll(local(name), folder.place)))
    expect(moved!.facts.contentHash).toBe(one!.facts.contentHash)
    expect(other!.facts.contentHash).not.toBe(one!.facts.contentHash)
  })
})
