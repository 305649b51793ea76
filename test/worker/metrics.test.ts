import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { ParquetryClient } from '../../src/client/parquetry-client.ts'
import { embeddedTarget } from '../../src/server/connection.ts'
import { createMetrics } from '../../src/worker/metrics.ts'
import { serveMetrics } from '../../src/worker/metrics-server.ts'
import { startWorker } from '../../src/worker/start-worker.ts'
import type { WorkerEvent } from '../../src/worker/worker-events.ts'
import { logLineOf } from '../../src/worker/worker-events.ts'
import { startModelStub } from '../helpers/model-stub.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const ABOUT = { datasetId: 'd', location: '/data/reviews', rowGroup: 3, attempt: 2 }
const EVENTS: readonly WorkerEvent[] = [
  { kind: 'answered', alias: 'writer', latencyMs: 300, usage: { inputTokens: 12, outputTokens: 5, isEstimated: false } as never },
  { kind: 'retrying', alias: 'writer', code: 'MODEL_UNAVAILABLE', message: '503', delayMs: 10 },
  { kind: 'failed', alias: 'writer', code: 'MODEL_AUTH', message: 'refused' },
  { kind: 'row-group-opened', ...ABOUT },
  {
    kind: 'row-group-committed',
    ...ABOUT,
    isNew: true,
    rowsWritten: 9,
    rowsDropped: 1,
    dropReasons: [{ code: 'ANSWER_INVALID', column: 'text', rows: 1 }],
    usage: { calls: 10, inputTokens: 1, outputTokens: 1, cost: 0.5 },
    seconds: 2,
  },
]

/** The value of one line of Prometheus' text, or null. */
function valueOf(text: string, line: string): number | null {
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `))
  return found === undefined ? null : Number(found.slice(line.length + 1))
}

describe('the metrics of a worker', () => {
  it('count calls, retries, tokens, rows, drops and cost by what they were', async () => {
    const metrics = createMetrics()
    metrics.readLimits(() => [{ provider: 'p', model: 'm', cap: 8, limit: 6, inFlight: 4, waiting: 2, blockedForMs: 0 }])
    for (const event of EVENTS) metrics.observe(event)
    metrics.observe({ kind: 'row-group-opened', ...ABOUT })
    const text = await metrics.text()
    expect(valueOf(text, 'parquetry_model_calls_total{alias="writer",status="answered"}')).toBe(1)
    expect(valueOf(text, 'parquetry_model_calls_total{alias="writer",status="MODEL_AUTH"}')).toBe(1)
    expect(valueOf(text, 'parquetry_model_retries_total{alias="writer",code="MODEL_UNAVAILABLE"}')).toBe(1)
    expect(valueOf(text, 'parquetry_model_tokens_total{alias="writer",direction="input"}')).toBe(12)
    expect(valueOf(text, 'parquetry_model_call_seconds_bucket{le="0.25",alias="writer"}')).toBe(0)
    expect(valueOf(text, 'parquetry_model_call_seconds_bucket{le="0.5",alias="writer"}')).toBe(1)
    expect(valueOf(text, 'parquetry_rows_total{dataset="reviews",outcome="written"}')).toBe(9)
    expect(valueOf(text, 'parquetry_rows_total{dataset="reviews",outcome="ANSWER_INVALID"}')).toBe(1)
    expect(valueOf(text, 'parquetry_cost_total{dataset="reviews"}')).toBe(0.5)
    expect(valueOf(text, 'parquetry_row_groups_open{dataset="reviews"}')).toBe(1)
    expect(valueOf(text, 'parquetry_limiter_calls{provider="p",model="m",what="in_flight"}')).toBe(4)
    expect(valueOf(text, 'nodejs_eventloop_lag_p99_seconds')).not.toBeNull()
  })

  it('do not count the rows of a row group that another worker has committed', async () => {
    const metrics = createMetrics()
    for (const event of EVENTS) metrics.observe(event.kind === 'row-group-committed' ? { ...event, isNew: false } : event)
    const text = await metrics.text()
    expect(valueOf(text, 'parquetry_rows_total{dataset="reviews",outcome="written"}')).toBeNull()
    expect(valueOf(text, 'parquetry_row_group_attempts_total{dataset="reviews",outcome="found"}')).toBe(1)
  })

  it('are refused a port that is taken, naming the option', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    closers.push(() => new Promise((resolve) => other.close(resolve)))
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    await expect(serveMetrics(createMetrics(), port, null)).rejects.toMatchObject({
      code: 'USAGE',
      details: { wayOut: expect.stringContaining('--metrics-port') },
    })
  })
})

describe('the log of a worker', () => {
  it('has dataset, row group and attempt beside the words, and nothing for every single call', () => {
    const lines = EVENTS.map(logLineOf)
    expect(lines[0]).toBeNull()
    expect(lines[4]).toEqual({
      message: 'row group 3: committed, 9 rows, 1 dropped',
      facts: expect.objectContaining({ kind: 'row-group-committed', location: '/data/reviews', rowGroup: 3, attempt: 2 }),
    })
  })
})

describe('a worker that serves metrics', () => {
  it("has all that the dashboard shows, the Temporal SDK's beside its own, and no key", async () => {
    const stub = await startModelStub()
    closers.push(() => stub.stop())
    const address = inject('temporalAddress')
    const artifactPath = await mkdtemp(join(tmpdir(), 'parquetry-metrics-'))
    closers.push(() => rm(artifactPath, { recursive: true, force: true }))
    const taskQueue = 'metrics-test'
    const events: WorkerEvent[] = []
    const worker = await startWorker({
      server: embeddedTarget(address, 'default'),
      taskQueue,
      env: { STUB_KEY: 'sk-very-secret' },
      metricsPort: 0,
      workflowBundle: { codePath: inject('workflowBundle') },
      onEvent: (event) => events.push(event),
    })
    closers.push(() => worker.stop())
    const client = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: address } })
    closers.push(() => client.close())
    const run = await client.create(
      {
        columns: [
          { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
          { name: 'text', column_type: 'llm-text', model_alias: 'm', prompt: 'Write about {{ id }}.' },
        ],
        model_configs: [{ alias: 'm', model: 'stub-1', provider: 'stub', inference_parameters: { max_parallel_requests: 5 } }],
        model_providers: [{ name: 'stub', endpoint: stub.endpoint, provider_type: 'openai', api_key: 'STUB_KEY' }],
      },
      { artifactPath, taskQueue, numRecords: 20, bufferSize: 10, datasetName: 'measured' },
    )
    expect(await run.result()).toMatchObject({ state: 'complete' })
    const text = await (await fetch(worker.metricsUrl ?? '')).text()
    expect(valueOf(text, 'parquetry_rows_total{dataset="measured",outcome="written"}')).toBe(20)
    expect(valueOf(text, 'parquetry_model_calls_total{alias="m",status="answered"}')).toBe(20)
    expect(valueOf(text, 'parquetry_limiter_calls{provider="stub",model="stub-1",what="cap"}')).toBe(5)
    expect(events.filter(({ kind }) => kind === 'row-group-committed')).toHaveLength(2)
    expect(`${text}${JSON.stringify(events)}`).not.toContain('sk-very-secret')
    for (const name of await metricsOfDashboard()) expect(text).toContain(name)
    expect((await fetch(`${worker.metricsUrl}/nothing`)).status).toBe(404)
  }, 60_000)
})

async function metricsOfDashboard(): Promise<ReadonlySet<string>> {
  const text = await readFile(new URL('../../docs/grafana-dashboard.json', import.meta.url), 'utf8')
  const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] }
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  return new Set(expressions.flatMap((expr) => expr.match(/\b(?:parquetry|nodejs|process|temporal)_\w+/gu) ?? []))
}
