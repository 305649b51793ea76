import { describe, expect, it } from 'vitest'
import type { Policies } from '../../src/config/compiled.ts'
import { city, compile, configOf, errorsOf, failureOf, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const runConfig = (value: unknown): { runConfig: { path: string; value: unknown } } => ({ runConfig: { path: 'run.yaml', value } })
const policiesOf = (parquetry: Mapping, run: Mapping = {}): Policies =>
  compile(configOf([city], { parquetry }), runConfig(run)).compiled.policies

describe('settings under parquetry', () => {
  it('have defaults', () => {
    expect(policiesOf({})).toEqual({
      refillAttempts: 2,
      maxDropShare: 0.5,
      maxDropped: { rows: 0 },
      maxConversationRestarts: 5,
      maxConversationCorrectionSteps: 0,
      maxConcurrentRowGroups: 8,
      preserveDroppedColumns: true,
      journalSyncMs: 1_000,
    })
  })

  it('say what the dataset may cost, which is no part of the fingerprint', () => {
    expect(policiesOf({ budget: { tokens: 1_000 } })).toMatchObject({ budget: { money: null, tokens: 1_000 } })
    expect(policiesOf({ budget: { money: 2.5 } })).toMatchObject({ budget: { money: 2.5, tokens: null } })
    expect(policiesOf({ budget: {} })).not.toHaveProperty('budget')
    for (const budget of [{ money: 0 }, { tokens: 0.5 }, { euros: 1 }]) {
      expect(errorsOf(configOf([city], { parquetry: { budget } }))).toEqual([expect.stringContaining('parquetry.budget')])
    }
    const [one, other] = [{ tokens: 5 }, { tokens: 6 }].map((budget) => compile(configOf([city], { parquetry: { budget } })).compiled)
    expect(one?.fingerprint.hash).toBe(other?.fingerprint.hash)
  })

  it('say what a power cut may cost', () => {
    expect(policiesOf({ journal_sync_ms: 0 })).toMatchObject({ journalSyncMs: 0 })
    expect(policiesOf({ journal_sync_ms: 250 })).toMatchObject({ journalSyncMs: 250 })
    expect(errorsOf(configOf([city], { parquetry: { journal_sync_ms: -1 } }))).toEqual([
      expect.stringContaining('parquetry.journal_sync_ms: expected a number of at least 0, found -1'),
    ])
  })

  it.each<[unknown, Policies['maxDropped']]>([
    [5, { rows: 5 }],
    ['1%', { share: 0.01 }],
    ['12.5 %', { share: 0.125 }],
    [0.02, { share: 0.02 }],
    [0, { rows: 0 }],
    [1, { rows: 1 }],
  ])('take max_dropped as a count or a share: %j', (max_dropped, expected) => {
    expect(policiesOf({ max_dropped })).toMatchObject({ maxDropped: expected })
  })

  it.each<[Mapping, string]>([
    [{ max_dropped: '120%' }, 'parquetry.max_dropped: expected a count of rows, a share below 1 or a text like 1%, found 120%'],
    [{ max_dropped: 2.5 }, 'parquetry.max_dropped: expected a count of rows'],
    [{ buffer_size: 0 }, 'parquetry.buffer_size: expected a number of at least 1, found 0'],
    [{ seed: 1.5 }, 'parquetry.seed: expected a whole number or a text, found 1.5'],
    [{ reference_time: 'yesterday' }, 'parquetry.reference_time: expected a date or date-time'],
    [{ max_drop_share: 2 }, 'parquetry.max_drop_share: expected a number of at most 1, found 2'],
  ])('are checked: %j', (parquetry, expected) => {
    expect(errorsOf(configOf([city], { parquetry }))).toEqual([expect.stringContaining(expected)])
  })

  it('say which of them were given, for only those are compared on resume', () => {
    expect(compile(configOf([city])).explicit).toEqual({ seed: null, bufferSize: null })
    expect(compile(configOf([city], { parquetry: { seed: 7, buffer_size: 9 } })).explicit).toEqual({ seed: '7', bufferSize: 9 })
  })

  it('fix the reference time, which otherwise is the given one', () => {
    const referenceTime = '2025-05-05T00:00:00.000Z'
    expect(compile(configOf([city]), { referenceTime }).referenceTime).toBe(referenceTime)
    expect(compile(configOf([city], { parquetry: { reference_time: '2024-01-31' } }), { referenceTime }).referenceTime).toBe('2024-01-31')
  })
})

describe('a run config', () => {
  it('wins over the config where it has a counterpart', () => {
    const run = {
      buffer_size: 5,
      max_concurrent_row_groups: 2,
      max_conversation_restarts: 1,
      max_conversation_correction_steps: 3,
      preserve_dropped_columns: false,
    }
    const { compiled, explicit, warnings } = compile(
      configOf([city, { ...city, name: 'b', drop: true }], {
        parquetry: { buffer_size: 9, max_concurrent_row_groups: 8, refill_attempts: 1 },
      }),
      runConfig(run),
    )
    expect(compiled.policies).toMatchObject({
      maxConcurrentRowGroups: 2,
      maxConversationRestarts: 1,
      maxConversationCorrectionSteps: 3,
      preserveDroppedColumns: false,
      refillAttempts: 1,
    })
    expect(compiled.droppedSchema).toEqual([])
    expect(explicit.bufferSize).toBe(5)
    expect(warnings).toEqual([])
  })

  it('maps the error rate to the share of rows that may drop, and says so', () => {
    expect(policiesOf({}, { shutdown_error_rate: 0.2 }).maxDropShare).toBe(0.2)
    expect(policiesOf({}, { shutdown_error_rate: 0.2, disable_early_shutdown: true }).maxDropShare).toBe(1)
    expect(warningsOf(configOf([city]), runConfig({ shutdown_error_rate: 0.2 }))).toEqual([
      expect.stringContaining('run_config.shutdown_error_rate: taken as max_drop_share: 0.2'),
    ])
  })

  it('is warned of where a setting has no effect', () => {
    const run = {
      shutdown_error_window: 5,
      max_in_flight_tasks: 9,
      non_inference_max_parallel_workers: 2,
      async_trace: true,
      write_scheduler_events: true,
      display_tui: true,
      progress_interval: 2,
      otel_metrics_port: 9464,
    }
    expect(warningsOf(configOf([city]), runConfig(run)).map((line) => line.split(': ')[1])).toEqual(
      Object.keys(run).map((field) => `${field} has no effect`),
    )
    expect(
      warningsOf(
        configOf([city]),
        runConfig({ async_trace: false, otel_metrics_port: null, jinja_rendering_engine: 'secure', request_admission: null }),
      ),
    ).toEqual([])
  })

  it.each([{ jinja_rendering_engine: 'native' }, { request_admission: { cooldown_seconds: 1 } }, { throttle: { reduce_factor: 0.5 } }])(
    'is refused by name: %j',
    (run) => {
      const failure = failureOf(configOf([city]), runConfig(run))
      expect(failure.code).toBe('CONFIG_NOT_YET')
      expect(failure.details.problems?.map(({ path }) => path)).toEqual([`run_config.${Object.keys(run)[0]}`])
    },
  )

  it('with a mistake is refused together with the mistakes of the config', () => {
    expect(errorsOf({ columns: [{ ...city, nane: 1 }] }, runConfig({ bufer_size: 5 }))).toEqual([
      expect.stringContaining('columns[0].nane'),
      'run_config.bufer_size: unknown field "bufer_size". Did you mean "buffer_size"?',
    ])
    expect(errorsOf(configOf([city]), runConfig([1]))).toEqual(['run_config: run.yaml: expected a mapping of run settings'])
  })
})
