import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { openSeed } from '../../src/seed/seed-reader.ts'
import { local, makeSeedFolder, readAll, refusalOf } from './seeds.ts'
import type { SeedFolder } from './seeds.ts'

let folder: SeedFolder
beforeAll(async () => {
  folder = await makeSeedFolder()
})
afterAll(() => folder.remove())

async function read(content: string | Uint8Array): Promise<Awaited<ReturnType<typeof readAll>>> {
  await folder.write('a.csv', content)
  return await readAll(local('a.csv'), folder.place)
}

describe('a CSV file as seed data', () => {
  it('is read with quotes, line breaks within cells, CRLF and a byte order mark', async () => {
    const { rows, types } = await read('\ufeffid,text\r\n1,"says ""hi"", twice"\r\n2,"two\r\nlines"\r\n3,5" pipe\r\n')
    expect(types).toEqual({ id: 'int64', text: 'string' })
    expect(rows).toEqual([
      [1, 'says "hi", twice'],
      [2, 'two\r\nlines'],
      [3, '5" pipe'],
    ])
  })

  it('keeps every digit: long integers are bigint, codes with leading zeros and integers beyond 64 bits stay text', async () => {
    const { rows, types } = await read(
      'big,zip,huge,price,mixed,flag\n9007199254740993,00123,9223372036854775808,1.5,1,true\n-9223372036854775808,4711,1,-2e3,x,FALSE\n7,1,2,3,,\n',
    )
    expect(types).toEqual({ big: 'int64', zip: 'string', huge: 'string', price: 'double', mixed: 'string', flag: 'boolean' })
    expect(rows).toEqual([
      [9007199254740993n, '00123', '9223372036854775808', 1.5, '1', true],
      [-9223372036854775808n, '4711', '1', -2000, 'x', false],
      [7, '1', '2', 3, null, null],
    ])
  })

  it('makes no number of a column that a double would round', async () => {
    const { types } = await read('a,b\n9007199254740993,1\n0.5,0.5\n')
    expect(types).toEqual({ a: 'string', b: 'double' })
  })

  it('has null for empty cells, quoted or not, and text for a column without a value', async () => {
    expect(await read('a,b\n1,\n"",""\n')).toMatchObject({
      types: { a: 'int64', b: 'string' },
      rows: [
        [1, null],
        [null, null],
      ],
    })
  })

  it.each([';', '\t', '|'])('may be delimited by %j', async (delimiter) => {
    const { rows } = await read(`"a, b"${delimiter}c\n"1,2"${delimiter}x\n`)
    expect(rows).toEqual([['1,2', 'x']])
  })

  it('may be UTF-16 with its mark; other encodings are refused with the place', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('name\nMüller 😀\n', 'utf16le')])
    expect((await read(utf16)).rows).toEqual([['Müller 😀']])
    expect(await refusalOf(read(Buffer.from('name\nM\xfcller\n', 'latin1')))).toMatch(
      /expected .*a\.csv to be text in UTF-8, found bytes near 0 that are not; save the file as UTF-8/,
    )
  })

  it('names the first column column0 where pandas gave its index no name', async () => {
    expect((await read(',x\n0,a\n')).types).toEqual({ column0: 'int64', x: 'string' })
  })

  it.each([
    ['a,b\n1,"2\n2"\n\n1,2,3\n', /a\.csv, line 5: expected 2 cells, as the header has, found 3/],
    ['a,b\n1,"2\n3,4\n', /line 2: expected the end of a quoted cell, found none/],
    ['a,b\n1,"2"x\n', /line 2: expected the end of a cell after its closing quote, found more/],
    ['', /expected a CSV file with a header/],
  ])('that is broken is refused with its line: %j', async (content, message) => {
    expect(await refusalOf(read(content))).toMatch(message)
  })

  it('reads back any texts that are written by the rules', async () => {
    const cell = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `t${text}`)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async (table) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
        const { rows } = await read(`x,y\n${table.map((row) => row.map(quoted).join(',')).join('\n')}\n`)
        expect(rows).toEqual(table)
      }),
      { numRuns: 40 },
    )
  })

  it('of many files has their rows in the order of their names, and refuses another header', async () => {
    for (const name of ['p/b.csv', 'p/a.csv', 'p/c.csv']) await folder.write(name, `n\n${name}\n`)
    expect((await readAll(local('p/*.csv'), folder.place)).rows).toEqual([['p/a.csv'], ['p/b.csv'], ['p/c.csv']])
    expect((await readAll(local('p'), folder.place)).rows.length).toBe(3)
    await folder.write('p/c.csv', 'other\n1\n')
    expect(await refusalOf(readAll(local('p'), folder.place))).toMatch(
      /expected .*c\.csv to have the header of .*a\.csv \(n\), found other/,
    )
  })

  it('of 100 MB is inspected without being loaded', { timeout: 120_000 }, async () => {
    const file = createWriteStream(`${folder.path}/large.csv`)
    const line = `"${'long, text '.repeat(90)}"`
    file.write('id,text\n')
    for (let row = 0; row < 100_000; row += 1) if (!file.write(`${row},${line}\n`)) await once(file, 'drain')
    file.end()
    await once(file, 'finish')
    expect(file.bytesWritten).toBeGreaterThan(95_000_000)
    const reader = await openSeed(local('large.csv'), folder.place)
    let peak = 0
    const before = process.memoryUsage.rss()
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20)
    const { rowCount, schema, contentHash } = await reader.inspect()
    let rows = 0
    for await (const batch of reader.read(schema, contentHash)) rows += batch.length
    clearInterval(timer)
    expect([rowCount, rows]).toEqual([100_000, 100_000])
    expect((peak - before) / 1e6).toBeLessThan(80)
  })
})
