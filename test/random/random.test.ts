import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/random/random.ts'
import type { RowStream } from '../../src/random/random.ts'
import { chiSquareScore, correlation, kolmogorovSmirnov } from './statistics.ts'

const words = (stream: RowStream, count: number): number[] => Array.from({ length: count }, () => stream.nextUint32())

describe('a stream', () => {
  it('gives the recorded values: a change here changes every dataset ever made', () => {
    const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as {
      seed: string | number
      column: string
      rowIndex: number
      refill: number
      trial: number
      purpose: string
      words: number[]
      next: number
    }[]
    expect(golden.length).toBeGreaterThan(10)
    for (const place of golden) {
      const stream = createRandom(place.seed).stream(place.column, place.rowIndex, place.refill, place.trial, place.purpose)
      expect(words(stream, place.words.length)).toEqual(place.words)
      expect(stream.next()).toBe(place.next)
    }
  })

  it('is the same whichever places were visited before', () => {
    const place = fc.record({
      rowIndex: fc.oneof(fc.nat(1000), fc.maxSafeNat()),
      refill: fc.oneof(fc.nat(3), fc.nat(0xffffffff)),
      trial: fc.oneof(fc.nat(3), fc.nat(0xffffffff)),
      draws: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 12 }), (places) => {
        const random = createRandom(7)
        const moved = random.seekable('a')
        for (const { rowIndex, refill, trial, draws } of places) {
          moved.seek(rowIndex, refill, trial)
          expect(words(moved, draws)).toEqual(words(random.stream('a', rowIndex, refill, trial), draws))
        }
      }),
    )
  })

  it('differs when seed, column, row, refill, trial or purpose differ, also beyond 32 bits', () => {
    const base = createRandom(1)
    const streams = [
      base.stream('a', 0, 0, 0),
      createRandom(2).stream('a', 0, 0, 0),
      base.stream('b', 0, 0, 0),
      base.stream('a', 1, 0, 0),
      base.stream('a', 2 ** 32, 0, 0),
      base.stream('a', 2 ** 32 + 1, 0, 0),
      base.stream('a', 2 ** 53 - 1, 0, 0),
      base.stream('a', 0, 1, 0),
      base.stream('a', 0, 0xffffffff, 0),
      base.stream('a', 0, 0, 1),
      base.stream('a', 0, 0, 0xffffffff),
      base.stream('a', 0, 0, 0, 'other'),
      base.stream('', 0, 0, 0, 'a'),
    ]
    const starts = streams.map((stream) => words(stream, 2).join())
    expect(new Set(starts).size).toBe(streams.length)
  })

  it('takes a seed from a file and the same seed from a command line as one', () => {
    expect(words(createRandom(42).stream('a', 3, 0, 0), 5)).toEqual(words(createRandom('42').stream('a', 3, 0, 0), 5))
  })

  it('refuses a place that does not exist', () => {
    const random = createRandom(1)
    for (const [rowIndex, refill, trial] of [
      [-1, 0, 0],
      [0.5, 0, 0],
      [2 ** 53, 0, 0],
      [0, -1, 0],
      [0, 2 ** 32, 0],
      [0, 0, 2 ** 32],
      [0, 0, Number.NaN],
    ] as const) {
      expect(() => random.stream('a', rowIndex, refill, trial)).toThrow(RangeError)
    }
  })
})

describe('quality of the draws', () => {
  const size = 200_000

  it('spreads the first draws of many rows evenly over [0, 1)', () => {
    const stream = createRandom('uniform').seekable('x')
    const draws = Array.from({ length: size }, (_, row) => {
      stream.seek(row, 0, 0)
      return stream.next()
    })
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true)
    const bins = Array.from({ length: 256 }, () => 0)
    for (const draw of draws) bins[Math.floor(draw * 256)]!++
    expect(
      chiSquareScore(
        bins,
        bins.map(() => size / 256),
      ),
    ).toBeLessThan(4)
    expect(kolmogorovSmirnov(draws, (x) => x)).toBeLessThan(1.95)
  })

  it('spreads pairs of successive draws evenly over the square', () => {
    const stream = createRandom('pairs').stream('x', 0, 0, 0)
    const cells = Array.from({ length: 1024 }, () => 0)
    for (let pair = 0; pair < size; pair++) cells[Math.floor(stream.next() * 32) * 32 + Math.floor(stream.next() * 32)]!++
    expect(
      Math.abs(
        chiSquareScore(
          cells,
          cells.map(() => size / 1024),
        ),
      ),
    ).toBeLessThan(4)
  })

  it('sets every bit in half of the words', () => {
    const stream = createRandom('bits').seekable('x')
    const ones = Array.from({ length: 32 }, () => 0)
    for (let row = 0; row < size; row++) {
      stream.seek(row, 0, 0)
      const word = stream.nextUint32()
      for (let bit = 0; bit < 32; bit++) ones[bit]! += (word >>> bit) & 1
    }
    for (const count of ones) expect(Math.abs(count - size / 2) / Math.sqrt(size / 4)).toBeLessThan(4)
  })

  it('does not correlate neighbouring rows, columns, refills, trials or draws', () => {
    const random = createRandom('independence')
    const series = (column: string, refill: number, trial: number, offset: number, skipped: number): number[] => {
      const stream = random.seekable(column)
      return Array.from({ length: 50_000 }, (_, row) => {
        stream.seek(row + offset, refill, trial)
        for (let draw = 0; draw < skipped; draw++) stream.next()
        return stream.next()
      })
    }
    const base = series('a', 0, 0, 0, 0)
    for (const other of [
      series('a', 0, 0, 1, 0),
      series('a', 0, 0, 2 ** 32, 0),
      series('b', 0, 0, 0, 0),
      series('aa', 0, 0, 0, 0),
      series('a', 1, 0, 0, 0),
      series('a', 0, 1, 0, 0),
      series('a', 0, 0, 0, 1),
    ]) {
      expect(Math.abs(correlation(base, other)) * Math.sqrt(base.length)).toBeLessThan(4)
    }
  })
})
