import { createRequire } from 'node:module'
import parquetjs from 'parquetjs-lite'
import { describe, expect, it } from 'vitest'

import { encodeTable } from '../../src/parquet/encode-table.ts'
import { buildParquetFields } from '../../src/parquet/parquet-fields.ts'
import { readFooter } from '../../src/parquet/read-footer.ts'
import { column, group, list, tableOf } from './builders.ts'

import type { Envelope, ParquetField, RowBuffer } from 'parquetjs-lite'

const ours = [
  column('text', 'string'),
  column('n', 'int64'),
  column('x', 'double'),
  column('flag', 'boolean'),
  column('g', group(column('a', 'string'), column('l', list(group(column('b', 'int64')))))),
]
const theirs = (): Record<string, object> => {
  const plain = { optional: true, compression: 'SNAPPY' }
  const text = { ...plain, type: 'UTF8', statistics: false }
  const inList = { ...plain, type: 'INT64', statistics: false }
  const element = { optional: true, fields: { b: inList } }
  return {
    text,
    n: { ...plain, type: 'INT64' },
    x: { ...plain, type: 'DOUBLE' },
    flag: { ...plain, type: 'BOOLEAN', statistics: false },
    g: {
      optional: true,
      fields: { a: text, l: { optional: true, type: 'LIST', fields: { list: { repeated: true, fields: { element } } } } },
    },
  }
}

describe('what we rely on inside parquetjs-lite', () => {
  it('was looked at in version 0.8.7: look again before taking another', () => {
    const { version } = createRequire(import.meta.url)('parquetjs-lite/package.json') as { version: string }
    expect(version).toBe('0.8.7')
  })

  it('is a list of fields like the one we build', () => {
    const withoutFields = new parquetjs.ParquetSchema(theirs()).fieldList.map(({ fields: _fields, ...field }): ParquetField => field)
    expect(buildParquetFields(ours, 'SNAPPY').fieldList).toEqual(withoutFields)
  })

  it('is a row buffer like the one we give to it', async () => {
    let buffer: RowBuffer | null = null
    const nothing = (): void => undefined
    const envelope: Envelope = {
      useDataPageV2: false,
      writeHeader: nothing,
      writeRowGroup: (rows) => (buffer = rows),
      writeIndex: nothing,
      writeFooter: nothing,
      close: nothing,
    }
    const schema = new parquetjs.ParquetSchema({ text: { optional: true, type: 'UTF8', statistics: false } })
    const writer = new parquetjs.ParquetWriter(schema, envelope, {})
    await writer.appendRow({ text: 'x' })
    expect(writer.rowBuffer).toEqual({
      rowCount: 1,
      pageRowCount: 1,
      columnData: { text: { dlevels: [1], rlevels: [0], values: [Buffer.from('x')], distinct_values: new Set(['x']), count: 1 } },
      pages: { text: [] },
    })
    await writer.close()
    expect(buffer).toMatchObject({ rowCount: 1, pages: { text: [{ num_values: 1 }] } })
  })

  it('makes the same body from our shredded columns as from its own shredder, for values that its shredder can hold', async () => {
    const rows = [
      { text: 'one', n: 1, x: 0.5, flag: true, g: { a: 'x', l: { list: [{ element: { b: 1 } }, { element: { b: null } }] } } },
      { text: null, n: -7, x: null, flag: false, g: { a: null, l: null } },
      { text: '', n: null, x: 2, flag: null, g: null },
    ]
    const chunks: Buffer[] = []
    const options = { useDataPageV2: false, pageIndex: false }
    const schema = new parquetjs.ParquetSchema(theirs())
    const envelope = new parquetjs.ParquetEnvelopeWriter(
      schema,
      (chunk) => chunks.push(chunk),
      () => undefined,
      0,
      options,
    )
    const writer = new parquetjs.ParquetWriter(schema, envelope as Envelope, {})
    for (const row of rows) await writer.appendRow(row)
    await writer.close()
    const bytes = await encodeTable(
      ours,
      tableOf({
        text: ['one', null, ''],
        n: [1, -7, null],
        x: [0.5, null, 2],
        flag: [true, false, null],
        g: [{ a: 'x', l: [{ b: 1 }, { b: null }] }, { a: null, l: null }, null],
      }),
    )
    const body = bytes.subarray(0, (await readFooter(bytes)).footerStart)
    const theirFile = Buffer.concat(chunks)
    expect(Buffer.from(body).equals(theirFile.subarray(0, (await readFooter(theirFile)).footerStart))).toBe(true)
  })
})
