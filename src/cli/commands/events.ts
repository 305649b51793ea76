/** `events`: what happened to a dataset, run after run, from Temporal's history. */
import { readDatasetId } from '../../client/dataset-files.ts'
import { readRunEvents } from '../../client/run-events.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { requireServer } from '../server.ts'
import { fit, printable } from '../text.ts'

/** Flags of `events`. */
export interface EventsFlags {
  readonly artifactPath: string
  readonly all?: boolean
  readonly follow?: boolean
}

/** Runs the command; answers its exit code. */
export async function events(dataset: string, flags: EventsFlags, { output, env }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const server = await requireServer(env, location)
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  try {
    let count = 0
    const options = { isDetailed: flags.all === true, isFollowed: flags.follow === true, signal: leaving.signal }
    for await (const event of readRunEvents(server.client.temporal, await readDatasetId(location), options)) {
      count += 1
      const { at, runId, kind, message, facts } = event
      output.emit('run-event', { at: new Date(at).toISOString(), runId, kind, message, ...facts })
      const line = `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}   ${printable(message)}`
      output.say(output.isTerminal ? fit(line, output.width()) : line)
    }
    if (count === 0) output.say('no run of this dataset is known to the server: it keeps closed runs for a while only')
    return leaving.signal.aborted ? EXIT.stopped : EXIT.complete
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave)
    await server.close()
  }
}
