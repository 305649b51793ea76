import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closedPort, createPlace, eventsOf, printedCommands, startEndpoint, textConfig } from './helpers.ts'
import type { Endpoint, Place } from './helpers.ts'

let place: Place
let endpoint: Endpoint

beforeAll(async () => {
  place = await createPlace({ namespace: 'cli-looks' })
  endpoint = await startEndpoint(400)
}, 300_000)
afterAll(async () => {
  await endpoint?.close()
  place?.remove()
})

describe('list, status and watch', () => {
  it('show a run that another process started, and follow it to its end without touching it', async () => {
    place.write('open.yaml', textConfig(endpoint.endpoint, { parallel: 4, settings: 'parquetry: { buffer_size: 10 }' }))
    const created = place.start(['create', 'open.yaml', '-n', '300', '--json'])
    await created.waitFor(/"event":"progress"/)
    const [listed, told, shown] = await Promise.all([
      place.run(['list', '--json']),
      place.run(['status', 'open', '--json']),
      place.run(['status', 'open']),
    ])
    expect(eventsOf(listed)).toMatchObject([{ event: 'dataset', datasetName: 'open', state: 'generating', run: { datasetName: 'open' } }])
    expect(eventsOf(told)).toMatchObject([
      { event: 'status', state: 'generating', targetNumRecords: 300, progress: { state: 'generating', targetNumRecords: 300 } },
    ])
    expect(shown.stdout).toMatch(/open {3}GENERATING[^]*rows \d+\/300/)
    const watching = place.start(['watch', 'open'])
    await watching.waitFor(/rows \d+\/300/)
    watching.child.kill('SIGINT')
    expect(await watching.ended).toMatchObject({ code: 130, stdout: expect.stringContaining('the run goes on') })
    const following = place.start(['events', 'open', '--follow', '--json'])
    const watchingOn = place.start(['watch', 'open', '--json'])
    await watchingOn.waitFor(/"event":"progress"/)
    endpoint.delay(20)
    const [watched, ended, followed] = await Promise.all([watchingOn.ended, created.ended, following.ended])
    const kinds = eventsOf(followed).map(({ kind }) => kind)
    expect([kinds[0], kinds.at(-1), kinds.filter((kind) => kind === 'committed').length, followed.code]).toEqual([
      'started',
      'ended',
      30,
      0,
    ])
    expect([watched.code, ended.code]).toEqual([0, 0])
    expect(eventsOf(watched).at(-1)).toMatchObject({ event: 'result', state: 'complete', totals: { rowsWritten: 300 } })
    const after = await place.run(['watch', 'open'])
    expect(after).toMatchObject({ code: 0, stdout: expect.stringContaining('no run is open') })
    expect(printedCommands(after)).toEqual([['show', 'open', '0']])
  }, 240_000)

  it('say what the folder says when no server answers, and start none', async () => {
    const alone = { TEMPORAL_ADDRESS: `127.0.0.1:${await closedPort()}` }
    const [listed, told, watched] = await Promise.all([
      place.run(['list'], alone),
      place.run(['status', 'open'], alone),
      place.run(['watch', 'open'], alone),
    ])
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/no Temporal server answers[^]*open +complete +300\/300/) })
    expect(told).toMatchObject({ code: 0, stdout: expect.stringMatching(/open {3}complete {3}300\/300 rows in 30 row groups/) })
    expect(watched).toMatchObject({ code: 6, stderr: expect.stringContaining('status open') })
  }, 120_000)

  it('refuse what is no dataset, naming those that are there', async () => {
    const ended = await place.run(['status', 'opne'])
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('datasets in artifacts: open') })
  })
})
