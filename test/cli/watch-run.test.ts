import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RunProgress } from '../../src/client/progress.ts'
import type { Output } from '../../src/cli/output.ts'
import { watchRun } from '../../src/cli/watch-run.ts'
import type { WatchEnd } from '../../src/cli/watch-run.ts'
import { NO_TOTALS, NO_USAGE } from '../../src/contract.ts'
import type { DatasetResult } from '../../src/contract.ts'

const START = Date.parse('2026-01-01T12:00:00Z')
const result: DatasetResult = {
  state: 'complete',
  generated: true,
  location: '/x',
  targetNumRecords: 10,
  totals: NO_TOTALS,
  produced: NO_TOTALS,
  findings: [],
}

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => void vi.useRealTimers())

function progress(changes: Partial<RunProgress> = {}): RunProgress {
  return {
    state: 'generating',
    datasetName: 'd',
    targetNumRecords: 10,
    totals: NO_TOTALS,
    produced: NO_TOTALS,
    rowGroupsWanted: 1,
    rowGroupsOpen: 1,
    blocked: null,
    findings: [],
    rehearsal: false,
    currency: null,
    startedAt: START,
    fingerprint: 'f',
    rowsDone: 0,
    rowsDropped: 0,
    usage: NO_USAGE,
    callsInFlight: 0,
    openRowGroups: [],
    quietSince: null,
    retrying: null,
    ...changes,
  }
}

const blocked = { code: 'MODEL_AUTH' as const, message: 'refused', since: START, probes: 0 }

function watch(
  look: () => RunProgress | null,
  options: { maxWaitMs?: number | null; result?: () => Promise<DatasetResult>; leave?: AbortSignal } = {},
): { ended: Promise<WatchEnd>; said: string[] } {
  const said: string[] = []
  const output: Output = {
    isJson: false,
    isTerminal: false,
    width: () => 80,
    say: (line = '') => void said.push(line),
    warn: (line) => void said.push(line),
    emit: () => undefined,
    redraw: () => undefined,
    onClosed: () => () => undefined,
  }
  const run = {
    result: options.result ?? ((): Promise<DatasetResult> => new Promise(() => undefined)),
    readProgress: (): Promise<RunProgress> => {
      const found = look()
      return found === null ? Promise.reject(new Error('nobody answers')) : Promise.resolve(found)
    },
  }
  const ended = watchRun({
    output,
    run,
    maxWaitMs: options.maxWaitMs ?? null,
    startedAt: START,
    resumeCommand: 'npx parquetry resume d',
    workerFailed: new Promise(() => undefined),
    leave: options.leave ?? new AbortController().signal,
  })
  ended.catch(() => undefined)
  return { ended, said }
}

/** Seconds of fake time until the watch ends. */
async function secondsUntil(ended: Promise<WatchEnd>): Promise<number> {
  let isOver = false
  void ended.finally(() => (isOver = true)).catch(() => undefined)
  while (!isOver && Date.now() - START < 3_600_000) await vi.advanceTimersByTimeAsync(500)
  return (Date.now() - START) / 1_000
}

describe('watching a run', () => {
  it('ends with its result', async () => {
    const { ended } = watch(() => progress(), { result: () => new Promise((resolve) => setTimeout(() => resolve(result), 3_000)) })
    await secondsUntil(ended)
    await expect(ended).resolves.toEqual(result)
  })

  it('fails as the run does', async () => {
    const { ended } = watch(() => progress(), { result: () => Promise.reject(new Error('broken')) })
    await secondsUntil(ended)
    await expect(ended).rejects.toThrow('broken')
  })

  it('goes on through an outage of the server', async () => {
    let tries = 0
    const away = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: '', metadata: {} })
    const { ended } = watch(() => null, { result: () => ((tries += 1) < 4 ? Promise.reject(away) : Promise.resolve(result)) })
    await secondsUntil(ended)
    await expect(ended).resolves.toEqual(result)
    expect(tries).toBe(4)
  })

  it('leaves a blocked run after the wait allowed, counted from when it was blocked', async () => {
    const { ended } = watch(() => progress({ state: 'waiting', blocked: { ...blocked, since: START - 10_000 } }), { maxWaitMs: 30_000 })
    expect(Math.abs((await secondsUntil(ended)) - 20)).toBeLessThan(2)
    await expect(ended).resolves.toBe('waited')
  })

  it('leaves a blocked run at once when no wait is allowed, but not one that is only starting', async () => {
    const { ended } = watch(
      () => (Date.now() < START + 20_000 ? null : progress({ state: 'waiting', blocked: { ...blocked, since: Date.now() } })),
      { maxWaitMs: 0 },
    )
    const seconds = await secondsUntil(ended)
    expect(seconds).toBeGreaterThan(19)
    expect(seconds).toBeLessThan(25)
  })

  it('waits for ever without a limit', async () => {
    expect(await secondsUntil(watch(() => progress({ state: 'waiting', blocked })).ended)).toBe(3_600)
  })

  it.each([
    ['that nobody serves', (): null => null],
    ['whose activities are tried again and again', (): RunProgress => progress({ retrying: 'disk' })],
  ])('leaves a run %s, a minute later', async (_what, look) => {
    expect(Math.abs((await secondsUntil(watch(look, { maxWaitMs: 30_000 }).ended)) - 90)).toBeLessThan(2)
  })

  it('does not leave a run that is slow but goes on', async () => {
    const { ended } = watch(() => progress({ retrying: 'now and then', rowsDone: Math.floor((Date.now() - START) / 50_000) }), {
      maxWaitMs: 30_000,
    })
    expect(await secondsUntil(ended)).toBe(3_600)
  })

  it('ends when a person leaves', async () => {
    const leaving = new AbortController()
    const { ended } = watch(() => progress(), { leave: leaving.signal })
    setTimeout(() => leaving.abort(), 5_000)
    await secondsUntil(ended)
    await expect(ended).resolves.toBe('left')
  })

  it('says a line now and then, and at once when the run begins to wait', async () => {
    let state = progress()
    const { said } = watch(() => state)
    await vi.advanceTimersByTimeAsync(12_000)
    expect(said).toHaveLength(2)
    state = progress({ state: 'waiting', blocked: { ...blocked, since: Date.now() } })
    await vi.advanceTimersByTimeAsync(1_100)
    expect(said.at(-1)).toMatch(/^waiting .*MODEL_AUTH: refused/)
    expect(said).toHaveLength(3)
  })
})
