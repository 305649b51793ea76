import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPanel } from '../../src/cli/panel.ts'
import type { RunProgress } from '../../src/client/progress.ts'
import { displayWidth } from '../../src/cli/text.ts'
import { NO_USAGE } from '../../src/contract.ts'

const START = Date.parse('2026-01-01T12:00:00Z')

function look(changes: Partial<RunProgress> = {}): RunProgress {
  const totals = {
    rowGroups: 4,
    rowsWritten: 400,
    rowsDropped: 2,
    usage: { calls: 1_200, inputTokens: 240_000, outputTokens: 96_000, cost: 0.83 },
  }
  return {
    state: 'generating',
    datasetName: 'product-reviews',
    targetNumRecords: 2_000,
    totals,
    produced: totals,
    rowGroupsWanted: 20,
    rowGroupsOpen: 1,
    blocked: null,
    findings: [],
    rehearsal: false,
    currency: 'USD',
    startedAt: START,
    fingerprint: 'sha256:0',
    rowsDone: 412,
    rowsDropped: 2,
    usage: { calls: 1_284, inputTokens: 256_800, outputTokens: 102_720, cost: 0.89 },
    callsInFlight: 64,
    openRowGroups: [],
    quietSince: null,
    retrying: null,
    ...changes,
  }
}

function panelOf(...looks: readonly (readonly [seconds: number, progress: RunProgress])[]) {
  const panel = createPanel({ startedAt: START, resumeCommand: 'npx parquetry resume product-reviews' })
  for (const [seconds, progress] of looks) panel.add({ at: START + seconds * 1_000, progress })
  return panel
}

const running = () => panelOf([10, look({ rowsDone: 312, usage: { ...look().usage, calls: 984 } })], [20, look()])

describe('the panel of a run', () => {
  it('at 80 columns', () => {
    expect(running().render(80)).toEqual([
      'product-reviews   GENERATING   0:20',
      '[############................................................] 20%',
      'rows 412/2,000   dropped 2   groups 4/20   calls 1,284   calls/s 30',
      'tokens 256,800 in 102,720 out   $0.89   left 2:39',
    ])
  })

  it('at 120 columns', () => {
    expect(running().render(120)).toEqual([
      'product-reviews   GENERATING   0:20',
      '[############................................................] 20%',
      'rows 412/2,000   dropped 2   groups 4/20   calls 1,284   calls/s 30   tokens 256,800 in 102,720 out   $0.89   left 2:39',
    ])
  })

  it('in one line where there is no terminal', () => {
    expect(running().line()).toBe(
      'generating   rows 412/2,000   dropped 2   groups 4/20   calls 1,284   calls/s 30   tokens 256,800 in 102,720 out   $0.89   left 2:39',
    )
  })

  it('says rows per second where no model is called', () => {
    const none = { usage: NO_USAGE, callsInFlight: 0, currency: null }
    const panel = panelOf([0, look({ ...none, rowsDone: 0 })], [2, look({ ...none, rowsDone: 412 })])
    expect(panel.render(120).at(-1)).toBe('rows 412/2,000   dropped 2   groups 4/20   rows/s 206   left 0:08')
  })

  it('labels a rehearsal and never says that it cost something', () => {
    const lines = panelOf([0, look({ rehearsal: true, rowsDone: 0 })], [10, look({ rehearsal: true })]).render(140)
    expect(lines[0]).toBe('product-reviews   GENERATING   REHEARSAL model   0:10')
    expect(lines.at(-1)).toContain('paid $0.00')
  })

  it('says so when no price is known', () => {
    expect(panelOf([0, look({ currency: null })]).line()).toContain('no price given')
  })

  it('moves inside a large row group: rows of open row groups count', () => {
    const totals = { ...look().totals, rowGroups: 0, rowsWritten: 0 }
    const lines = [100, 200, 300].map((rowsDone, index) =>
      panelOf([0, look({ totals, rowsDone: 0 })], [index + 1, look({ totals, rowsDone })]).line(),
    )
    expect(lines.map((line) => /rows (\d+)/.exec(line)?.[1])).toEqual(['100', '200', '300'])
    expect(lines.every((line) => line.includes('groups 0/20'))).toBe(true)
  })

  it('does not fall back for the moment in which a row group is neither open nor counted', () => {
    const panel = panelOf([10, look({ rowsDone: 500 })], [10.5, look({ rowsDone: 400 })])
    expect(panel.line()).toContain('rows 500/2,000')
    panel.add({ at: START + 14_000, progress: look({ rowsDone: 400 }) })
    expect(panel.line()).toContain('rows 400/2,000')
  })

  it('knows no time left before a row is done', () => {
    expect(panelOf([0, look()], [1, look()]).line()).toContain('left -:--')
  })

  it('estimates over the whole time when no row was done lately', () => {
    const panel = panelOf(
      [0, look({ rowsDone: 0 })],
      [100, look({ rowsDone: 400 })],
      [120, look({ rowsDone: 400 })],
      [125, look({ rowsDone: 400 })],
    )
    expect(panel.line()).toContain('left 8:19')
  })

  it('says that something is tried again', () => {
    expect(
      panelOf([1, look({ retrying: 'disk is slow\nvery' })])
        .render(80)
        .at(-1),
    ).toBe('trying again after: disk is slow very')
  })

  it('says that it waits for a worker that fell silent', () => {
    const looks = (quietFor: number) => panelOf([60, look({ quietSince: START + (60 - quietFor) * 1_000 })]).render(120)
    expect(looks(12).at(-1)).toMatch(/^waiting for a worker that was last heard of 12 s ago/)
    expect(looks(3).join('\n')).not.toContain('waiting')
  })

  it('says starting before the first look', () => {
    expect(panelOf().render(80)).toEqual(['starting'])
    expect(panelOf().line()).toBe('starting')
  })
})

describe('the panel of a waiting run', () => {
  const blocked = {
    code: 'MODEL_AUTH' as const,
    message: 'openai refused the key (401), model gpt-x, column review',
    since: START,
    probes: 4,
  }
  const waiting = () =>
    panelOf(
      [0, look()],
      [252, look({ state: 'waiting', blocked, rowGroupsOpen: 0, callsInFlight: 0, rowsDone: 400, usage: look().totals.usage })],
    )

  it('at 80 columns', () => {
    const lines = waiting().render(80)
    expect(lines).toEqual([
      'product-reviews   WAITING 4m12s   nothing lost, nothing being spent',
      '  why      MODEL_AUTH: openai refused the key (401), model gpt-x, column review',
      expect.stringMatching(/^ {2}since {4}\d\d:\d\d:\d\d {3}after 1,284 good calls$/),
      '  rows     400/2,000 done   2 dropped   answers of open groups kept (journal)',
      '  groups   4/20 committed',
      '  spent    $0.83   calls 1,284',
      '  probing  one call now and then (4 tried)',
      'Do one of',
      '  fix the key:    Ctrl-C, export the right key, then resume',
      '  go on now:      npx parquetry resume product-reviews   (elsewhere)',
      '  stop for today: Ctrl-C   (resuming later repeats no call)',
    ])
  })

  it('at 120 columns the same lines, since none is longer than 80', () => {
    expect(waiting().render(120)).toEqual(waiting().render(80))
  })

  it('says what to do about a validator that is away', () => {
    const away = { ...blocked, code: 'VALIDATOR_UNAVAILABLE' as const }
    const lines = panelOf([3, look({ state: 'waiting', blocked: away })]).render(80)
    expect(lines).toContain('  fix validator:  once it judges records, the run goes on by itself')
  })

  it('never cuts the reason short', () => {
    const long = { ...blocked, message: 'the provider said something long '.repeat(6).trim() }
    const lines = panelOf([3, look({ state: 'waiting', blocked: long })]).render(80)
    expect(lines.slice(1, 4)).toEqual([
      '  why      MODEL_AUTH: the provider said something long the provider said',
      '           something long the provider said something long the provider said',
      '           something long the provider said something long the provider said',
    ])
    expect(lines[4]).toBe('           something long')
  })

  it('says the reason in one line where there is no terminal', () => {
    expect(waiting().line()).toMatch(/^waiting .* MODEL_AUTH: openai refused the key/)
  })
})

describe('any panel', () => {
  it('has no line wider than the terminal, and no control character', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 200 })
    const property = fc.property(
      fc.integer({ min: 1, max: 200 }),
      anyText,
      anyText,
      fc.boolean(),
      fc.nat(10_000),
      (width, datasetName, message, isWaiting, rowsDone) => {
        const blocked = isWaiting ? { code: 'MODEL_AUTH' as const, message, since: START, probes: 0 } : null
        const lines = panelOf([
          5,
          look({ datasetName, blocked, state: isWaiting ? 'waiting' : 'generating', retrying: message, rowsDone }),
        ]).render(width)
        for (const line of lines) {
          expect(displayWidth(line)).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/\p{Cc}/u)
        }
      },
    )
    fc.assert(property, { numRuns: 300 })
  })
})
