/** Counters, gauges and histograms of one worker, in Prometheus' text format. Labels name providers, models, aliases and datasets; never keys or texts. */
import { basename } from 'node:path'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ModelLimit } from '../model/models.ts'
import type { WorkerEvent } from './worker-events.ts'

/** The metrics of a worker. */
export interface WorkerMetrics {
  /** Takes an event in. */
  observe(event: WorkerEvent): void
  /** Where the limiters' state comes from; asked at each scrape. */
  readLimits(limits: () => readonly ModelLimit[]): void
  /** Everything, as text. */
  text(): Promise<string>
  /** Media type of `text`. */
  readonly contentType: string
}

/** Seconds: from a stub on loopback to a slow reasoning model. */
const LATENCY_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120]
/** Seconds a row group is open. */
const ROW_GROUP_BUCKETS = [0.1, 1, 5, 15, 60, 300, 900, 3_600, 14_400]

/** Empty metrics, with those of the Node process (CPU, memory, event-loop delay) beside them. */
export function createMetrics(): WorkerMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const models = modelMetrics(registers)
  const rowGroups = rowGroupMetrics(registers)
  let limits: () => readonly ModelLimit[] = () => []
  const limiter = new Gauge({
    name: 'parquetry_limiter_calls',
    help: 'Calls of a model: cap, adaptive limit, open and waiting.',
    labelNames: ['provider', 'model', 'what'],
    registers,
    collect(): void {
      for (const { provider, model, cap, limit, inFlight, waiting } of limits()) {
        for (const [what, value] of Object.entries({ cap, limit, in_flight: inFlight, waiting })) this.set({ provider, model, what }, value)
      }
    },
  })
  void limiter
  return {
    observe(event): void {
      models(event)
      rowGroups(event)
    },
    readLimits(read): void {
      limits = read
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function modelMetrics(registers: Registry[]): (event: WorkerEvent) => void {
  const calls = new Counter({
    name: 'parquetry_model_calls_total',
    help: 'Model calls by how they ended: answered, or an error code.',
    labelNames: ['alias', 'status'],
    registers,
  })
  const retries = new Counter({
    name: 'parquetry_model_retries_total',
    help: 'Repetitions of model calls by the code of what went before.',
    labelNames: ['alias', 'code'],
    registers,
  })
  const latency = new Histogram({
    name: 'parquetry_model_call_seconds',
    help: 'Time of answered model calls, waiting for a slot not included.',
    labelNames: ['alias'],
    buckets: LATENCY_BUCKETS,
    registers,
  })
  const tokens = new Counter({
    name: 'parquetry_model_tokens_total',
    help: 'Tokens of answered model calls.',
    labelNames: ['alias', 'direction'],
    registers,
  })
  return (event) => {
    if (event.kind === 'answered') {
      const { alias, latencyMs, usage } = event
      calls.inc({ alias, status: 'answered' })
      latency.observe({ alias }, latencyMs / 1_000)
      tokens.inc({ alias, direction: 'input' }, usage.inputTokens)
      tokens.inc({ alias, direction: 'output' }, usage.outputTokens)
    } else if (event.kind === 'retrying') retries.inc({ alias: event.alias, code: event.code })
    else if (event.kind === 'failed') calls.inc({ alias: event.alias, status: event.code })
  }
}

function rowGroupMetrics(registers: Registry[]): (event: WorkerEvent) => void {
  const attempts = new Counter({
    name: 'parquetry_row_group_attempts_total',
    help: 'Attempts at row groups by how they ended: committed, found (somebody else had committed it), or an error code.',
    labelNames: ['dataset', 'outcome'],
    registers,
  })
  const open = new Gauge({
    name: 'parquetry_row_groups_open',
    help: 'Row groups that this worker works on.',
    labelNames: ['dataset'],
    registers,
  })
  const rows = new Counter({
    name: 'parquetry_rows_total',
    help: 'Rows of row groups that this worker committed: written, or dropped by error code.',
    labelNames: ['dataset', 'outcome'],
    registers,
  })
  const cost = new Counter({
    name: 'parquetry_cost_total',
    help: "Cost of row groups that this worker committed, in the currency of the config's prices.",
    labelNames: ['dataset'],
    registers,
  })
  const seconds = new Histogram({
    name: 'parquetry_row_group_seconds',
    help: 'Time that attempts at row groups took.',
    labelNames: ['dataset'],
    buckets: ROW_GROUP_BUCKETS,
    registers,
  })
  return (event) => {
    if (!('rowGroup' in event)) return
    const dataset = basename(event.location)
    if (event.kind === 'row-group-opened') return open.inc({ dataset })
    open.dec({ dataset })
    seconds.observe({ dataset }, event.seconds)
    if (event.kind === 'row-group-ended') return attempts.inc({ dataset, outcome: event.code })
    attempts.inc({ dataset, outcome: event.isNew ? 'committed' : 'found' })
    if (!event.isNew) return
    rows.inc({ dataset, outcome: 'written' }, event.rowsWritten)
    for (const { code, rows: count } of event.dropReasons) rows.inc({ dataset, outcome: code }, count)
    cost.inc({ dataset }, event.usage.cost)
  }
}
