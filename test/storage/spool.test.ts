import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createSpool } from '../../src/storage/spool.ts'

describe('a spool', () => {
  it('gives back every text by its index, short and long, in any order, between further ones', () => {
    const spool = createSpool()
    const textOf = (index: number): string => `${index} ä😀 ${'x'.repeat((index * 37) % 5_000)}`
    const order = Array.from({ length: 2_000 }, (_, index) => (index * 617) % 2_000)
    for (let index = 0; index < 1_000; index++) spool.append(textOf(index))
    expect(spool.read(999)).toBe(textOf(999))
    for (let index = 1_000; index < 2_000; index++) spool.append(textOf(index))
    for (const index of order) if (spool.read(index) !== textOf(index)) expect.unreachable(`text ${index} is another one`)
  })

  it('holds empty texts, and leaves no file behind', () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('parquetry-spool-'))
    const spool = createSpool()
    for (const text of ['', 'a', '']) spool.append(text)
    expect([0, 1, 2].map((index) => spool.read(index))).toEqual(['', 'a', ''])
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('parquetry-spool-') && !before.includes(name))).toEqual([])
  })
})
