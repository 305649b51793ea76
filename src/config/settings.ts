/** How a run is done: `parquetry:` in the config, and DataDesigner's run config (`-c`), which wins over it. */
import { budgetOf } from './budget.ts'
import type { Policies } from './compiled.ts'
import { readPart } from './issues.ts'
import { isMapping } from './paths.ts'
import type { Report } from './problems.ts'
import { runConfig } from './schema-settings.ts'
import type { ParquetrySettings, RunConfig } from './schema-settings.ts'
import type { LoadedFile } from './sources.ts'

/** The settings with those of the run config laid over them. */
export function overlayRunConfig(settings: ParquetrySettings, file: LoadedFile | null, report: Report): ParquetrySettings {
  if (file === null) return settings
  if ('problem' in file) {
    report.error(['run_config'], `${file.path}: ${file.problem}`)
    return settings
  }
  if (file.value !== null && file.value !== undefined && !isMapping(file.value)) {
    report.error(['run_config'], `${file.path}: expected a mapping of run settings`)
    return settings
  }
  const run = readPart(runConfig, file.value ?? {}, ['run_config'], report)
  if (run === null) return settings
  explain(run, report)
  const { buffer_size, max_concurrent_row_groups, max_conversation_restarts, max_conversation_correction_steps, preserve_dropped_columns } =
    run
  const honoured = {
    buffer_size,
    max_concurrent_row_groups,
    max_conversation_restarts,
    max_conversation_correction_steps,
    preserve_dropped_columns,
  }
  const share = run.disable_early_shutdown === true ? 1 : run.shutdown_error_rate
  return { ...settings, ...withoutUndefined(honoured), ...withoutUndefined({ max_drop_share: share }) } as ParquetrySettings
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Fields of a run config without a counterpart here, and why that does no harm. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  shutdown_error_window: 'rows are watched over the whole row group',
  max_in_flight_tasks: 'calls are limited by max_parallel_requests of each model',
  non_inference_max_parallel_workers: 'columns without a model are made in one loop',
  async_trace: "the run's history is in Temporal",
  write_scheduler_events: "the run's history is in Temporal",
  display_tui: 'the terminal shows progress by itself',
  progress_bar: 'the terminal shows progress by itself',
  progress_interval: 'the terminal shows progress by itself',
  otel_metrics_port: 'no metrics endpoint is opened',
}

function explain(run: RunConfig, report: Report): void {
  for (const [field, why] of Object.entries(WITHOUT_EFFECT)) {
    const value = run[field as keyof RunConfig]
    if (value !== undefined && value !== null && value !== false) report.warn(['run_config', field], `${field} has no effect: ${why}`)
  }
  if (run.disable_early_shutdown === true)
    report.warn(['run_config', 'disable_early_shutdown'], 'taken as max_drop_share: 1: the run never waits because rows drop')
  else if (run.shutdown_error_rate !== undefined) {
    report.warn(
      ['run_config', 'shutdown_error_rate'],
      `taken as max_drop_share: ${run.shutdown_error_rate}; instead of ending early, the run waits`,
    )
  }
  if (run.jinja_rendering_engine === 'native') {
    report.notYet(
      ['run_config', 'jinja_rendering_engine'],
      'the native template engine is not supported; templates are rendered by the secure one',
    )
  }
  for (const field of ['request_admission', 'throttle'] as const) {
    if (run[field] !== undefined && run[field] !== null)
      report.notYet(['run_config', field], `tuning of the request limiter (${field}) is not supported yet`)
  }
}

/** Milliseconds of paid answers that a power cut may cost when nothing is said. */
export const DEFAULT_JOURNAL_SYNC_MS = 1_000

/** The policies that settings mean, with the defaults of `Policies`. */
export function policiesOf(settings: ParquetrySettings, report: Report): Policies {
  const budget = budgetOf(settings)
  return {
    refillAttempts: settings.refill_attempts ?? 2,
    maxDropShare: settings.max_drop_share ?? 0.5,
    maxDropped: maxDroppedOf(settings.max_dropped ?? 0, report),
    maxConversationRestarts: settings.max_conversation_restarts ?? 5,
    maxConversationCorrectionSteps: settings.max_conversation_correction_steps ?? 0,
    maxConcurrentRowGroups: settings.max_concurrent_row_groups ?? 8,
    preserveDroppedColumns: settings.preserve_dropped_columns ?? true,
    journalSyncMs: settings.journal_sync_ms ?? DEFAULT_JOURNAL_SYNC_MS,
    ...(settings.traces === undefined || settings.traces === 'none' ? {} : { traces: settings.traces }),
    ...(budget === null ? {} : { budget }),
  }
}

function maxDroppedOf(value: number | string, report: Report): Policies['maxDropped'] {
  const share = typeof value === 'string' ? Number(value.replace('%', '').trim()) / 100 : value > 0 && value < 1 ? value : null
  if (share !== null && share <= 1) return { share }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { rows: value }
  report.error(['parquetry', 'max_dropped'], `expected a count of rows, a share below 1 or a text like 1%, found ${value}`)
  return { rows: 0 }
}
