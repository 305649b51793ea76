import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, eventsOf, startEndpoint, textConfig } from './helpers.ts'
import type { Endpoint, Ended, Place } from './helpers.ts'

let place: Place
let endpoint: Endpoint

beforeAll(async () => {
  place = await createPlace({ namespace: 'cli-control' })
  endpoint = await startEndpoint(300)
}, 300_000)
afterAll(async () => {
  await endpoint?.close()
  place?.remove()
})

const tell = (...args: readonly string[]): Promise<Ended> => place.run([...args, '--json'])

describe('messages to an open run', () => {
  it('are taken and answered with what holds then, or refused with the reason, by commands of their own', async () => {
    place.write('held.yaml', textConfig(endpoint.endpoint, { parallel: 2, settings: 'parquetry: { buffer_size: 20 }' }))
    const created = place.start(['create', 'held.yaml', '-n', '400', '--token-budget', '1000000', '--json'])
    await created.waitFor(/"event":"progress"/)
    expect(eventsOf(await tell('pause', 'held'))).toMatchObject([{ event: 'pause', state: 'paused' }])
    // The worker hears of it within a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const calls = endpoint.calls()
    const answers = await Promise.all([
      tell('set-concurrency', 'held', '3'),
      tell('set-limits', 'held', 'writer', '--parallel', '6', '--requests-per-minute', '600', '--tokens-per-minute', 'none'),
      tell('set-budget', 'held', '--tokens', '2000000'),
      tell('extend', 'held', '420'),
    ])
    expect(answers.map(eventsOf)).toMatchObject([
      [{ event: 'set-concurrency', maxConcurrentRowGroups: 3 }],
      [{ event: 'set-limits', alias: 'writer', parallel: 6, requestsPerMinute: 600, tokensPerMinute: null }],
      [{ event: 'set-budget', budget: { money: null, tokens: 2_000_000 } }],
      [{ event: 'extend', targetNumRecords: 420, rowGroupsWanted: 21 }],
    ])
    const refusals = await Promise.all([tell('set-limits', 'held', 'reader', '--parallel', '6'), tell('set-budget', 'held', '5.00')])
    expect(refusals.map(({ code }) => code)).toEqual([2, 2])
    expect(refusals.map((refusal) => eventsOf(refusal)[0]?.['message'])).toEqual([
      expect.stringContaining('(writer), found "reader"'),
      expect.stringContaining('found none for writer'),
    ])
    expect(endpoint.calls()).toBe(calls)
    expect(eventsOf(await tell('stop', 'held'))).toMatchObject([{ event: 'stop' }])
    expect((await created.ended).code).toBe(130)
    const late = await place.run(['pause', 'held'])
    expect(late).toMatchObject({ code: 2, stderr: expect.stringMatching(/RUN_NOT_OPEN[^]*npx parquetry resume held/) })
    const again = place.start(['resume', 'held', '--json'])
    await again.waitFor(/"event":"progress"/)
    expect(await place.run(['cancel', 'held'])).toMatchObject({ code: 0, stdout: expect.stringContaining('answers in flight are kept') })
    expect(eventsOf(await again.ended).at(-1)).toMatchObject({ event: 'error', message: 'the run was cancelled' })
  }, 240_000)
})
