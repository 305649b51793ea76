import { describe, expect, it } from 'vitest'

import { encodeTable } from '../../src/parquet/encode-table.ts'
import { readFooter } from '../../src/parquet/read-footer.ts'
import { readTable } from '../../src/parquet/read-table.ts'
import { verifyBytes } from '../../src/parquet/verify-bytes.ts'
import { column, group, list, tableOf } from './builders.ts'

const schema = [column('text', 'string'), column('n', 'int64'), column('g', group(column('tags', list({ kind: 'string' }))))]
const table = tableOf({ text: ['one', '😀', null], n: [1, 2n ** 60n, null], g: [{ tags: ['a'] }, { tags: null }, null] })

async function smallFile(): Promise<Uint8Array> {
  return encodeTable(schema, table, '{"rowsWritten":3,"note":"parquetry.footer_sha256"}')
}

describe('verification', () => {
  it('finds every single flipped byte of a file', async () => {
    const bytes = await smallFile()
    expect(await verifyBytes(bytes)).toEqual({ ok: true })
    const missed: number[] = []
    for (let index = 0; index < bytes.length; index++) {
      const damaged = bytes.slice()
      damaged[index] = (damaged[index] ?? 0) ^ 0xff
      if ((await verifyBytes(damaged)).ok) missed.push(index)
    }
    expect(missed).toEqual([])
  })

  it('finds every single flipped bit of the footer', async () => {
    const bytes = await smallFile()
    const { footerStart } = await readFooter(bytes)
    const missed: string[] = []
    for (let index = footerStart; index < bytes.length; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = bytes.slice()
        damaged[index] = (damaged[index] ?? 0) ^ (1 << bit)
        if ((await verifyBytes(damaged)).ok) missed.push(`${index}.${bit}`)
      }
    }
    expect(missed).toEqual([])
  })

  it('finds every truncation, and bytes before or behind', async () => {
    const bytes = await smallFile()
    for (let length = 0; length < bytes.length; length++) expect((await verifyBytes(bytes.subarray(0, length))).ok).toBe(false)
    expect((await verifyBytes(Buffer.concat([bytes, Buffer.from([0])]))).ok).toBe(false)
    expect((await verifyBytes(Buffer.concat([Buffer.from([0]), bytes]))).ok).toBe(false)
  })

  it('says which part differs', async () => {
    const bytes = await smallFile()
    const { footerStart } = await readFooter(bytes)
    const flip = (index: number): Uint8Array => bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))
    expect(await verifyBytes(flip(10))).toMatchObject({ ok: false, part: 'body' })
    expect(await verifyBytes(flip(footerStart + 3))).toMatchObject({ ok: false, part: 'footer' })
    expect(await verifyBytes(new TextEncoder().encode('not a parquet file at all'))).toMatchObject({ ok: false, part: 'unreadable' })
  })

  it('has nothing to say for a file without checksums', async () => {
    const bytes = await smallFile()
    const key = Buffer.from('parquetry.footer_sha256\u0018@')
    const at = Buffer.from(bytes).lastIndexOf(key)
    const renamed = bytes.slice()
    renamed.set(Buffer.from('somebody_elses_key_here'), at)
    expect(await verifyBytes(renamed)).toMatchObject({ ok: false, part: 'unsealed' })
  })
})

describe('a file that is damaged', () => {
  it('is refused as such when its footer cannot be read', async () => {
    const bytes = await smallFile()
    const damaged = [new Uint8Array(0), new Uint8Array(100), bytes.subarray(0, bytes.length - 1), Buffer.from('{"json": true}')]
    for (const file of damaged) {
      await expect(readFooter(file)).rejects.toMatchObject({ code: 'DATASET_DAMAGED' })
    }
  })

  it('is refused when its rows cannot be read, and never read as something else than rows', async () => {
    const bytes = await smallFile()
    const { footerStart } = await readFooter(bytes)
    for (let index = 4; index < footerStart; index++) {
      const damaged = bytes.slice()
      damaged[index] = (damaged[index] ?? 0) ^ 0xff
      const outcome = await readTable(damaged).then(
        ({ table: read }) => read.rowCount,
        (error: { code?: string }) => error.code,
      )
      expect([3, 'DATASET_DAMAGED']).toContain(outcome)
    }
  })
})
