/** Metrics and log of the worker inside a command. */
import type { RunningWorker, StartWorkerOptions } from '../worker/start-worker.ts'
import { logLineOf } from '../worker/worker-events.ts'
import type { Output } from './output.ts'

/** Flags of commands with a worker inside. */
export interface WatchedFlags {
  readonly metricsPort?: number
  readonly verbose?: boolean
}

/** What the flags ask of a worker: with `verbose`, a line for each row group, retry and changed limit; for machines, an object. */
export function watched({ metricsPort, verbose }: WatchedFlags, output: Output): Pick<StartWorkerOptions, 'metricsPort' | 'onEvent'> {
  return {
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(verbose === true ? { onEvent: (event) => sayEvent(output, logLineOf(event)) } : {}),
  }
}

function sayEvent(output: Output, line: ReturnType<typeof logLineOf>): void {
  if (line === null) return
  if (output.isJson) output.emit('log', { at: new Date().toISOString(), ...line.facts, message: line.message })
  else output.warn(`${new Date().toISOString().slice(11, 23)} ${line.message}`)
}

/** Says where metrics are, if anywhere. */
export function sayMetrics(output: Output, { metricsUrl }: RunningWorker): void {
  if (metricsUrl !== null) output.say(`Metrics  ${metricsUrl}`)
}
