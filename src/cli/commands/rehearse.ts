/** `rehearse`: the whole pipeline on a sample, against no real model, and a forecast for the full number of rows. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_BUFFER_SIZE } from '../../dataset/resume/prepare.ts'
import { withoutKeys } from '../without-keys.ts'
import type { CommandContext, ConfigFlags } from '../context.ts'
import { forecastLines, forecastOf } from '../forecast.ts'
import type { AliasSample } from '../forecast.ts'
import { count, duration } from '../format.ts'
import { followRun } from '../run-session.ts'
import { openServer } from '../server.ts'
import { refuseComposite } from './composite-file.ts'
import { loadConfig } from './load-config.ts'
import { loadExtensions } from './load-extensions.ts'

/** Flags of `rehearse`. */
export interface RehearseFlags extends ConfigFlags {
  readonly numRecords: number
  /** Rows really run. */
  readonly sample: number
  readonly latencyMs: number
  readonly seed?: string
  readonly bufferSize?: number
  readonly maxConcurrentRowGroups?: number
}

/** Runs the command; answers its exit code. */
export async function rehearse(config: string, flags: RehearseFlags, context: CommandContext): Promise<number> {
  const { output } = context
  await refuseComposite(config, 'rehearse')
  const real = await loadConfig(config, flags, context)
  const prepared = await loadConfig(
    config,
    { ...flags, provider: 'rehearsal' },
    { ...context, output: { ...output, warn: () => undefined, emit: () => undefined } },
  )
  const env = withoutKeys(context.env)
  const sampleRows = Math.min(flags.sample, flags.numRecords)
  const server = await openServer(context.env, output)
  const artifactPath = await mkdtemp(join(tmpdir(), 'parquetry-rehearsal-'))
  const startedAt = Date.now()
  try {
    const samples = new Map<string, AliasSample>()
    const run = await server.client.start(prepared, {
      artifactPath,
      datasetName: 'rehearsal',
      numRecords: sampleRows,
      bufferSize: Math.max(1, Math.ceil(sampleRows / 2)),
      taskQueue: 'own',
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    })
    const end = await followRun({
      output,
      client: server.client,
      server,
      run,
      worker: 'embedded',
      maxWaitMs: 60_000,
      env,
      workerOptions: {
        ...(await loadExtensions(flags)),
        observeModels: (event) => {
          if (event.kind === 'answered') samples.set(event.alias, addSample(samples.get(event.alias), event.usage))
        },
      },
    })
    const { result } = end
    if (result === null || result.state === 'stopped') return end.exitCode
    output.say(
      `Rehearsed ${count(sampleRows)} rows in ${duration(Date.now() - startedAt)}: ${count(result.totals.rowsWritten)} written, ${count(result.totals.rowsDropped)} dropped; the files are removed again`,
    )
    const forecast = forecastOf({
      compiled: real.compiled,
      sampleRows,
      samples,
      numRecords: flags.numRecords,
      bufferSize: flags.bufferSize ?? real.explicit.bufferSize ?? DEFAULT_BUFFER_SIZE,
      rowGroupsAtOnce: flags.maxConcurrentRowGroups ?? real.compiled.policies.maxConcurrentRowGroups,
      latencyMs: flags.latencyMs,
    })
    output.emit('forecast', { sampleRows, rowsDropped: result.totals.rowsDropped, ...forecast })
    for (const line of forecastLines(forecast, sampleRows)) output.say(line)
    return end.exitCode
  } finally {
    await server.close()
    await rm(artifactPath, { recursive: true, force: true })
  }
}

function addSample(before: AliasSample | undefined, usage: { readonly inputTokens: number; readonly outputTokens: number }): AliasSample {
  const { calls, inputTokens, outputTokens } = before ?? { calls: 0, inputTokens: 0, outputTokens: 0 }
  return { calls: calls + 1, inputTokens: inputTokens + usage.inputTokens, outputTokens: outputTokens + usage.outputTokens }
}
