/** `worker`: serves the shared queue until Ctrl-C. */
import { TASK_QUEUE } from '../../contract.ts'
import { startWorker } from '../../worker/start-worker.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openServer } from '../server.ts'
import type { WatchedFlags } from '../watched-worker.ts'
import { sayMetrics, watched } from '../watched-worker.ts'
import { loadExtensions } from './load-extensions.ts'
import type { ExtensionFlags } from './load-extensions.ts'
import { announceOpenRuns } from './open-runs.ts'
import { waitForInterrupt } from './wait-for-interrupt.ts'

/** Runs the command; answers its exit code. */
export async function worker(flags: WatchedFlags & ExtensionFlags, { output, env }: CommandContext): Promise<number> {
  const extensions = await loadExtensions(flags)
  const server = await openServer(env, output)
  try {
    await announceOpenRuns(output, server, { all: false })
    const running = await startWorker({
      server: server.target,
      taskQueue: TASK_QUEUE,
      env,
      log: (line) => output.warn(line),
      ...watched(flags, output),
      ...extensions,
    })
    output.say(`Worker   serves task queue ${TASK_QUEUE} at ${server.handle.address}, namespace ${server.handle.namespace}; Ctrl-C ends it`)
    sayMetrics(output, running)
    const { address, namespace } = server.handle
    output.emit('serving', { taskQueue: TASK_QUEUE, address, namespace, metrics: running.metricsUrl })
    try {
      await Promise.race([waitForInterrupt(output), running.failed])
    } finally {
      await running.stop()
    }
    output.say('Worker   ended; open runs wait for the next one, and repeat no call')
    return EXIT.complete
  } finally {
    await server.close()
  }
}
