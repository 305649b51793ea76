/** Open runs, announced before a worker serves them, for they may cost money (rulings 17 and 23). */
import type { OpenRun } from '../../client/open-runs.ts'
import { TASK_QUEUE } from '../../contract.ts'
import type { Output } from '../output.ts'
import { commandLine, datasetArgument } from '../shell.ts'
import type { Server } from '../server.ts'
import { workflowLink } from '../server.ts'

/** Lists the open runs and says which of them will now go on; answers the queues of the others. */
export async function announceOpenRuns(output: Output, server: Server, options: { readonly all: boolean }): Promise<readonly OpenRun[]> {
  const runs = await server.client.listOpen()
  const [shared, own] = [runs.filter(({ taskQueue }) => taskQueue === TASK_QUEUE), runs.filter(({ taskQueue }) => taskQueue !== TASK_QUEUE)]
  for (const run of shared) sayRun(output, server, run, 'goes on now')
  for (const run of own)
    sayRun(
      output,
      server,
      run,
      options.all ? 'goes on now' : `left as it is; ${commandLine('resume', datasetArgument(run.location))}   goes on with it`,
    )
  output.emit('openRuns', { served: options.all ? runs : shared, left: options.all ? [] : own })
  return own
}

function sayRun(output: Output, server: Server, run: OpenRun, what: string): void {
  output.say(`open run ${run.datasetName}, begun ${new Date(run.startedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC: ${what}`)
  output.say(`         ${workflowLink(server, run.workflowId)}`)
}
