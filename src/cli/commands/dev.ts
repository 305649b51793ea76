/** `dev`: server, worker on the shared queue and UI until Ctrl-C; it ends only what it started. */
import { TASK_QUEUE } from '../../contract.ts'
import { userCacheDir } from '../../server/cache-folder.ts'
import { stopServer } from '../../server/stop-server.ts'
import { startWorker } from '../../worker/start-worker.ts'
import type { RunningWorker } from '../../worker/start-worker.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import type { Server } from '../server.ts'
import { openServer } from '../server.ts'
import type { WatchedFlags } from '../watched-worker.ts'
import { sayMetrics, watched } from '../watched-worker.ts'
import { commandLine } from '../shell.ts'
import { loadExtensions } from './load-extensions.ts'
import type { ExtensionFlags, Extensions } from './load-extensions.ts'
import { announceOpenRuns } from './open-runs.ts'
import { waitForInterrupt } from './wait-for-interrupt.ts'

/** Flags of `dev`. */
export interface DevFlags extends WatchedFlags, ExtensionFlags {
  readonly detach?: boolean
  readonly stop?: boolean
  readonly all?: boolean
}

/** Runs the command; answers its exit code. */
export async function dev(flags: DevFlags, context: CommandContext): Promise<number> {
  if (flags.stop === true) return await stop(context)
  const { output, env } = context
  const extensions = await loadExtensions(flags)
  const server = await openServer(env, output)
  const { handle } = server
  output.emit('server', { address: handle.address, namespace: handle.namespace, ui: handle.uiUrl, origin: handle.origin, pid: handle.pid })
  output.say(`Server   ${handle.address}, namespace ${handle.namespace}${originText(server)}`)
  if (handle.uiUrl !== null) output.say(`UI       ${handle.uiUrl}`)
  if (flags.detach === true) {
    await server.close()
    if (handle.origin !== 'configured') output.say(`Stop     ${commandLine('dev', '--stop')}   (the server is left running)`)
    return EXIT.complete
  }
  try {
    await serve(server, flags, extensions, context)
  } finally {
    await server.close()
    if (handle.origin === 'started') {
      await handle.stop()
      output.say('Server   stopped; its runs are kept, and go on when it is started again')
    }
  }
  return EXIT.complete
}

async function serve(server: Server, flags: DevFlags, extensions: Extensions, { output, env }: CommandContext): Promise<void> {
  const others = await announceOpenRuns(output, server, { all: flags.all === true })
  const queues = [TASK_QUEUE, ...(flags.all === true ? new Set(others.map(({ taskQueue }) => taskQueue)) : [])]
  const workers: RunningWorker[] = []
  try {
    for (const taskQueue of queues)
      workers.push(
        await startWorker({
          server: server.target,
          taskQueue,
          env,
          log: (line) => output.warn(line),
          ...watched(flags, output),
          ...extensions,
        }),
      )
    for (const running of workers) sayMetrics(output, running)
    output.say(`Worker   serves task queue ${TASK_QUEUE}: runs that are started with --worker external go on here`)
    output.say('         Ctrl-C ends it')
    output.emit('serving', { taskQueues: queues })
    await Promise.race([waitForInterrupt(output), ...workers.map(({ failed }) => failed)])
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
  }
}

function originText({ handle }: Server): string {
  if (handle.origin === 'configured') return ' (the one that the environment names)'
  return handle.origin === 'started' ? ' (started now)' : ' (was running already; it stays when this command ends)'
}

async function stop({ output, env }: CommandContext): Promise<number> {
  const { outcome, address } = await stopServer({ cacheDir: userCacheDir(env) })
  output.emit('stopped', { outcome, address })
  output.say(
    outcome === 'not-running'
      ? 'no embedded server is running'
      : `Server   ${address} stopped; its runs are kept, and go on when it is started again`,
  )
  return EXIT.complete
}
