import { readFile } from 'node:fs/promises'
import { defaultPayloadConverter } from '@temporalio/common'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../src/client/history-events.ts'
import { eventsOfHistory } from '../../src/client/history-events.ts'

async function eventsOf(name: string, options?: { readonly isSummed?: boolean }): Promise<readonly RunEvent[]> {
  const text = await readFile(new URL(`../workflows/histories/${name}.json`, import.meta.url), 'utf8')
  return eventsOfHistory(historyFromJSON(JSON.parse(text)), 'run-1', options)
}
const kindsOf = (events: readonly RunEvent[]): readonly string[] => events.map(({ kind }) => kind)

describe('the events of a recorded run', () => {
  it('begin with its start, end with its end, and are in the order of their time', async () => {
    for (const name of ['complete', 'cancelled', 'continued-as-new', 'paused-resized-and-stopped', 'waited-and-resumed']) {
      const events = await eventsOf(name)
      expect(events[0]?.kind).toMatch(/^(?:started|continued)$/)
      expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted((a, b) => a - b))
      expect(events.every(({ at, message, runId }) => at > 1.7e12 && message !== '' && runId === 'run-1')).toBe(true)
      expect(JSON.stringify(events)).not.toContain('undefined')
    }
    expect((await eventsOf('complete')).at(-1)).toMatchObject({ kind: 'ended', facts: { state: 'complete' } })
    expect((await eventsOf('cancelled')).at(-1)).toMatchObject({ kind: 'ended', facts: { state: 'cancelled' } })
  })

  it('sum up row groups that are committed one after the other, unless each is asked for', async () => {
    const [summed, each] = await Promise.all([eventsOf('complete'), eventsOf('complete', { isSummed: false })])
    const rowsIn = (events: readonly RunEvent[]): number =>
      events.filter(({ kind }) => kind === 'committed').reduce((sum, { facts }) => sum + Number(facts['rowsWritten']), 0)
    expect(kindsOf(each).filter((kind) => kind === 'committed').length).toBeGreaterThan(1)
    expect(kindsOf(summed).filter((kind) => kind === 'committed').length).toBeLessThan(
      kindsOf(each).filter((kind) => kind === 'committed').length,
    )
    expect(rowsIn(summed)).toBe(rowsIn(each))
    expect(rowsIn(each)).toBeGreaterThan(0)
  })

  it('say why a run waited, and what was asked of it', async () => {
    const waited = await eventsOf('waited-and-resumed')
    const blocked = waited.find(({ kind }) => kind === 'blocked')
    expect(blocked?.message).toMatch(/^blocked: [A-Z_]+: ./)
    const changed = await eventsOf('paused-resized-and-stopped')
    expect(changed.filter(({ kind }) => kind === 'asked').map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^asked to pause/), expect.stringMatching(/^asked to stop/)]),
    )
    expect(changed.find(({ kind }) => kind === 'changed')?.message).toMatch(/^changed: setMaxConcurrentRowGroups \d+/)
  })

  it('leave out what they do not know', () => {
    const unknown = { events: [{ eventId: 1 }, { eventId: 2, activityTaskCompletedEventAttributes: { scheduledEventId: 7 } }] }
    expect(eventsOfHistory(unknown as never, 'run-1')).toEqual([])
  })

  it('leave out results of another release, whose shape they do not know, and tell the rest', () => {
    const payloads = { payloads: [defaultPayloadConverter.toPayload({ other: 1 })] }
    const events = ['scanDataset', 'generateRowGroup', 'runProcessors'].flatMap((name, index) => [
      { eventId: 2 * index + 1, activityTaskScheduledEventAttributes: { activityType: { name } } },
      { eventId: 2 * index + 2, activityTaskCompletedEventAttributes: { scheduledEventId: 2 * index + 1, result: payloads } },
    ])
    const history = { events: [...events, { eventId: 9, workflowExecutionTimedOutEventAttributes: {} }] }
    expect(kindsOf(eventsOfHistory(history as never, 'run-1'))).toEqual(['ended'])
  })
})
