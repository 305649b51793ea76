import { describe, expect, it } from 'vitest'
import { NO_TOTALS, NO_USAGE } from '../../src/contract.ts'
import type { DropReason, Finding, Progress } from '../../src/contract.ts'
import { detailsOf, staticDetailsOf } from '../../src/plan/run-details.ts'

const START = Date.parse('2026-01-01T12:00:00Z')
const MINUTE = 60_000

function progress(changes: Partial<Progress> = {}): Progress {
  return {
    state: 'generating',
    datasetName: 'product-reviews',
    targetNumRecords: 1_000,
    totals: { ...NO_TOTALS, rowGroups: 4, rowsWritten: 397, rowsDropped: 3, usage: { ...NO_USAGE, calls: 800, cost: 1.5 } },
    produced: { ...NO_TOTALS, rowsWritten: 297, rowsDropped: 3 },
    rowGroupsWanted: 10,
    rowGroupsOpen: 2,
    blocked: null,
    findings: [],
    rehearsal: false,
    currency: 'USD',
    startedAt: START,
    fingerprint: 'sha256:0',
    ...changes,
  }
}

function details(changes: Partial<Progress> = {}): string {
  const text = detailsOf({ progress: progress(changes), location: '/data/product-reviews', now: START + 10 * MINUTE })
  return text.replaceAll('\u00a0\u00a0\u2060', '')
}

const blocked = { code: 'MODEL_AUTH', message: 'the key was refused. Put a valid key into KEY.', since: START + MINUTE, probes: 3 } as const

describe('the current details of a run', () => {
  it('say what it is at, how far it is, how fast, how long it will take, and what it has cost', () => {
    const text = details()
    expect(text).toMatch(/^## product-reviews: generating rows\n/)
    expect(text).toContain('▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱ 40%** 397 of 1,000 rows')
    // 300 rows in 10 minutes, 600 to go; rows of earlier runs are no speed.
    expect(text).toContain('| Speed | 30 rows/min, about 20:00 left |')
    expect(text).toContain('| Row groups | 4 of 10, 2 open |')
    expect(text).toContain('| Cost | $1.50 |')
    expect(text).toContain('As of 12:10:00 UTC')
  })

  it('say why it waits, what to do, and how to go on, and nothing of the speed', () => {
    const text = details({ state: 'waiting', blocked })
    expect(text).toContain('**Waiting since 12:01:00 UTC: MODEL\\_AUTH**'.replace('\\', ''))
    expect(text).toContain('Put a valid key into KEY.')
    expect(text).toContain('Tried 3 times since.')
    expect(text).toContain('`npx parquetry resume /data/product-reviews`')
    expect(text).not.toContain('Speed')
  })

  it.each([
    ['paused', 'paused by a person'],
    ['stopped', 'stopped, can be resumed'],
    ['incomplete', 'more rows were dropped than allowed'],
  ] as const)('say of a %s run how to go on', (state, words) => {
    expect(details({ state })).toContain(words)
    expect(details({ state })).toContain('`npx parquetry resume /data/product-reviews`')
  })

  it('name the budget', () => {
    expect(details({ budget: { money: 5, tokens: 1_000_000 } })).toContain('| Budget | $5.00, 1,000,000 tokens |')
  })

  it('say of a rehearsal that nothing is paid', () => {
    expect(details({ rehearsal: true })).toMatch(/Rehearsal[^]*\| Cost \| nothing, rehearsal \|/)
  })

  it('show text of others as text: no picture, link, heading, row or code of it', () => {
    const text = details({
      state: 'waiting',
      blocked: { ...blocked, message: '![x](http://evil/x.png) | `a` <b> snake_case\n\n# big' },
    })
    expect(text).toContain(String.raw`!\[x\](http://evil/x.png)`.replace('!', String.raw`\!`))
    expect(text).toContain(String.raw`\`a\` \<b\> snake_case \# big`)
  })

  it('stay small whatever the run meets', () => {
    const findings: Finding[] = Array.from({ length: 10 }, () => ({ kind: 'damaged', count: 1, message: 'x'.repeat(5_000) }))
    const dropReasons: DropReason[] = Array.from({ length: 16 }, (_, at) => ({
      code: 'ANSWER_INVALID',
      column: `column_${at}`.repeat(50),
      rows: 1,
    }))
    const text = details({
      findings,
      state: 'waiting',
      blocked: { ...blocked, message: 'y'.repeat(9_000) },
      totals: { ...NO_TOTALS, dropReasons },
    })
    expect(Buffer.byteLength(text)).toBeLessThan(8_000)
    expect(text).toContain('and 5 more')
    expect(text).toContain('and others')
  })
})

describe('the static details of a run', () => {
  it('name the commands, which can be pasted wherever the folder is', () => {
    expect(staticDetailsOf('a', "/my data/it's")).toContain(`\`npx parquetry watch '/my data/it'\\''s'\``)
  })
})
