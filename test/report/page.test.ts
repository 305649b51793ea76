import { describe, expect, it } from 'vitest'
import { reportPage } from '../../src/report/page.ts'
import { columnFacts, reportFacts } from './facts.ts'

const EVIL = `</style></pre>"'><script>alert(1)</script><img src=x onerror=alert(1)>`

describe('a report', () => {
  it('holds no markup but its own, wherever a foreign text stands', () => {
    const numbers = { min: 1, max: 2, mean: 1.5, stddev: 0.5, median: 1.5 }
    const page = reportPage(
      reportFacts({
        name: EVIL,
        seed: EVIL,
        fingerprint: EVIL,
        datasetId: EVIL,
        currency: EVIL,
        config: EVIL,
        droppedColumns: [EVIL],
        totals: {
          rowGroups: 1,
          rowsWritten: 9,
          rowsDropped: 1,
          usage: { calls: 1, inputTokens: 1, outputTokens: 1, cost: 1 },
          dropReasons: [{ code: EVIL, column: EVIL, rows: 1 }],
        },
        columns: [
          columnFacts({ name: EVIL, kind: EVIL, type: EVIL, source: EVIL, categories: { categories: [EVIL], counts: [3] } }),
          columnFacts({ name: EVIL, numbers, histogram: { edges: [0, 1, 2], counts: [1, 2] } }),
        ],
        examples: [{ row: 0, values: { [EVIL]: EVIL, short: '<b>', long: EVIL.repeat(100), nested: { [EVIL]: [EVIL] } } }],
        droppedRows: [{ row: 1, column: EVIL, code: EVIL, reason: EVIL }],
        judges: [
          {
            column: EVIL,
            scores: [
              { name: EVIL, description: EVIL, categories: { categories: [EVIL], counts: [1] }, numbers, summary: EVIL, samples: 1 },
            ],
          },
        ],
        models: [{ alias: EVIL, model: EVIL, provider: EVIL, askedBy: [EVIL], price: EVIL }],
        outputs: [{ name: EVIL, kind: EVIL, files: 1, sizeBytes: null, examples: [EVIL] }],
      }),
    )
    expect(page).not.toMatch(/<script|<img|"'>|onerror=alert\(1\)>/i)
    expect(page.split('&lt;script&gt;alert(1)&lt;/script&gt;').length).toBeGreaterThan(20)
    expect(page.match(/<\/style>/g)).toHaveLength(1)
    expect(page).toContain(`default-src 'none'`)
    expect(page).not.toMatch(/(?:src|href)="(?!#)/)
  })

  it('stays below 1 MB however much there is', () => {
    const text = 'ü<'.repeat(20_000)
    const columns = Array.from({ length: 3_000 }, (_, index) =>
      columnFacts({
        name: `column ${index} ${text}`,
        source: text,
        categories: { categories: Array(60).fill(text), counts: Array(60).fill(1) },
      }),
    )
    const values = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}`, text]))
    const page = reportPage(
      reportFacts({
        config: text.repeat(100),
        columns,
        examples: [0, 1, 2, 3, 4].map((row) => ({ row, values })),
        judges: columns.map(({ name }) => ({ column: name, scores: [] })),
      }),
    )
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000)
    expect(page).toContain('column 0 ')
  })

  it('says in bold that it was rehearsed, and what state the dataset is in', () => {
    const usage = { calls: 3, inputTokens: 30, outputTokens: 9, cost: 1.25 }
    const totals = { rowGroups: 1, rowsWritten: 10, rowsDropped: 0, usage }
    expect(reportPage(reportFacts({ rehearsal: true, totals, currency: 'USD' }))).toMatch(/<b>Rehearsed: .*rehearsal model/)
    const real = reportPage(reportFacts({ totals, currency: 'USD' }))
    expect(real).not.toMatch(/rehears/i)
    expect(real).toContain('$1.25')
    expect(real).toContain('>Complete<')
    expect(reportPage(reportFacts({ state: 'unfinished', rowsWanted: 15 }))).toContain('Unfinished: 5 rows still missing')
    expect(reportPage(reportFacts({ state: 'incomplete' }))).toContain('Incomplete: more rows dropped than allowed')
  })

  it('names charts for those who hear it, and folds long texts', () => {
    const lengths = { min: 1, max: 3, mean: 2, stddev: 1, median: 2, histogram: { edges: [0.5, 1.5, 2.5, 3.5], counts: [4, 1, 5] } }
    const page = reportPage(
      reportFacts({ columns: [columnFacts({ name: 'review', lengths })], examples: [{ row: 3, values: { review: 'x'.repeat(9_000) } }] }),
    )
    expect(page).toContain('aria-label="Histogram of the length of review in characters: 10 values from 1 to 3; most, 5, at 3."')
    expect(page).toContain('<summary>All 9,000 characters</summary>')
    expect(page).toContain('(5,000 more characters)')
  })
})
