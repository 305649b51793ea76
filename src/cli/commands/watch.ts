/** `watch`: the live panel of any open run, also one that was started elsewhere. Ends with the run; Ctrl-C only ends watching. */
import type { DatasetState } from '../../client/dataset-summary.ts'
import type { CommandContext } from '../context.ts'
import { EXIT, exitOfResult } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { resumeCommandOf } from '../run-session.ts'
import { sayEnd } from '../say-end.ts'
import { requireServer } from '../server.ts'
import { commandLine, datasetArgument } from '../shell.ts'
import { watchRun } from '../watch-run.ts'
import { lookAt, sayLook } from './status.ts'
import type { StatusFlags } from './status.ts'

/** Runs the command; answers the run's exit code, 130 when it was left before its end. */
export async function watch(dataset: string, flags: StatusFlags, { output, env }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const server = await requireServer(env, location)
  try {
    const look = await lookAt(location, server)
    const { run, progress, summary } = look
    if (run === null) {
      output.emit('status', { ...summary, workflowId: null, ui: null, progress: null })
      output.say('note     no run is open on this dataset')
      sayLook(output, look)
      return exitOfState(summary.state)
    }
    if (progress === null && !(await server.client.hasWorker(run.taskQueue)))
      output.warn(`no worker serves this run; to go on with it here: ${resumeCommandOf({ run })}`)
    const interrupted = leaveOnInterrupt()
    const ended = await watchRun({
      output,
      run,
      maxWaitMs: null,
      startedAt: progress?.startedAt ?? Date.now(),
      resumeCommand: resumeCommandOf({ run }),
      workerFailed: new Promise(() => undefined),
      leave: interrupted.signal,
    }).finally(interrupted.remove)
    if (ended === 'left' || ended === 'waited') {
      output.say(`Left     the run goes on where it is served; look again with ${commandLine('watch', datasetArgument(location))}`)
      return EXIT.stopped
    }
    const { rehearsal, currency } = (await lookAt(location, server)).summary
    const elapsedMs = Date.now() - (progress?.startedAt ?? Date.now())
    sayEnd(output, server, { exitCode: exitOfResult(ended), run, result: ended, said: new Set() }, { elapsedMs, rehearsal, currency })
    return exitOfResult(ended)
  } finally {
    await server.close()
  }
}

function exitOfState(state: DatasetState): number {
  if (state === 'complete' || state === 'incomplete') return EXIT[state]
  return state === 'damaged' ? EXIT.failed : EXIT.stopped
}

function leaveOnInterrupt(): { readonly signal: AbortSignal; readonly remove: () => void } {
  const leaving = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const leave = (): void => leaving.abort()
  for (const signal of signals) process.on(signal, leave)
  return { signal: leaving.signal, remove: () => signals.forEach((signal) => process.off(signal, leave)) }
}
