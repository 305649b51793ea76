import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HashIndex } from '../../src/processors/hash-index.ts'
import { SIGNATURE_SIZE, signatureOf, similarityOf } from '../../src/processors/min-hash.ts'
import { bandsFor, NearIndex } from '../../src/processors/near-index.ts'
import { createRandom } from '../../src/random/random.ts'

const minima = new Int32Array(SIGNATURE_SIZE)
function signature(...texts: (string | null)[]): Uint8Array {
  const out = new Uint8Array(SIGNATURE_SIZE)
  signatureOf(texts, out, minima)
  return out
}
function similarity(one: string, other: string): number {
  return similarityOf(Uint8Array.from([...signature(one), ...signature(other)]), 0, SIGNATURE_SIZE)
}

const stream = createRandom('near').seekable('words')
/** A text of words nobody else has. */
function words(row: number, count: number): string {
  stream.seek(row, 0, 0)
  return Array.from({ length: count }, () => stream.nextUint32().toString(36)).join(' ')
}
function jaccard(one: string, other: string): number {
  const shingles = (text: string): Set<string> => new Set(Array.from({ length: text.length - 4 }, (_, at) => text.slice(at, at + 5)))
  const [left, right] = [shingles(one), shingles(other)]
  const both = [...left].filter((shingle) => right.has(shingle)).length
  return both / (left.size + right.size - both)
}

describe('a MinHash signature', () => {
  it('estimates how many shingles two texts share', () => {
    for (const kept of [0, 10, 30, 50, 70, 90, 100]) {
      const errors = Array.from({ length: 20 }, (_, trial) => {
        const one = words(trial, 100)
        const other = [...one.split(' ').slice(0, kept), ...words(1_000 + trial, 100 - kept).split(' ')].join(' ').trim()
        return similarity(one, other) - jaccard(one, other)
      })
      for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.18)
      expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(0.03)
    }
  })

  it('says nothing of case, punctuation and blanks, and works for texts without blanks', () => {
    expect(similarity('Hello, world! 42', '  hello  WORLD — 42 ')).toBe(1)
    expect(similarity('ﬁne', 'fine')).toBe(1)
    expect(similarity('我们昨天在公园里看到了一只白色的小狗', '我们昨天在公园里看到了一只白色的小猫')).toBeGreaterThan(0.7)
    expect(similarity('我们昨天在公园里看到了一只白色的小狗', '今年冬天的雪下得比往年都要早一些')).toBeLessThan(0.1)
  })

  it('keeps columns apart, and has nothing to compare where there is no letter', () => {
    expect(signature('some text here', 'another')).not.toEqual(signature('another', 'some text here'))
    expect(signatureOf(['…', null, ''], new Uint8Array(SIGNATURE_SIZE), minima)).toBe(false)
    expect(signatureOf(['a'], new Uint8Array(SIGNATURE_SIZE), minima)).toBe(true)
  })
})

describe('the near index', () => {
  it('finds almost every planted duplicate above the threshold among thousands of texts, and hardly any other', () => {
    const index = new NearIndex(3_000, 0.8)
    for (let row = 0; row < 2_000; row += 1) expect(index.findOrKeep(signature(words(row, 40)), row)).toBe(null)
    let found = 0
    for (let row = 0; row < 1_000; row += 1) {
      // Two of forty words differ: a similarity of about 0.87.
      const changed = `${words(row, 40).split(' ').slice(0, 38).join(' ')} ${words(10_000 + row, 2)}`
      const near = index.findOrKeep(signature(changed), 2_000 + row)
      if (near === null) continue
      expect(near.row).toBe(row)
      found += 1
    }
    expect(found).toBeGreaterThan(930)
  })

  it('asks for bands that miss at most one pair at the threshold in fifty, and compares few that are far apart', () => {
    for (const threshold of [0.3, 0.5, 0.7, 0.8, 0.9, 0.95]) {
      const { bands, rows } = bandsFor(threshold)
      expect(bands * rows).toBeLessThanOrEqual(SIGNATURE_SIZE)
      expect(1 - (1 - threshold ** rows) ** bands).toBeGreaterThanOrEqual(0.98)
    }
    expect(bandsFor(0.8)).toEqual({ bands: 18, rows: 7 })
    expect(1 - (1 - 0.3 ** 7) ** 18).toBeLessThan(0.01)
  })
})

describe('the hash index', () => {
  it('answers the first row of each hash, whatever it collides with', () => {
    const index = new HashIndex(5_000)
    const hashOf = (value: number): Uint8Array => createHash('sha256').update(String(value)).digest()
    for (let row = 0; row < 5_000; row += 1) expect(index.firstOf(hashOf(row % 4_000), row)).toBe(row < 4_000 ? null : row - 4_000)
    const crowded = new HashIndex(4)
    const alike = (last: number): Uint8Array => Uint8Array.from([...Array.from({ length: 15 }, () => 7), last])
    expect([0, 1, 2, 1, 0].map((last, row) => crowded.firstOf(alike(last), row))).toEqual([null, null, null, 1, 0])
  })
})
