/** Entry of the thread of checks: texts in the order in which they come, each answered by one reply. Started by `code-checker.ts` only. */
import { parentPort } from 'node:worker_threads'
import { checkCode } from './check.ts'
import type { CheckJob, CheckReply } from './code-checker.ts'

let before: Promise<void> = Promise.resolve()

parentPort?.on('message', (job: CheckJob) => {
  before = before.then(() => answer(job))
})

async function answer({ language, code }: CheckJob): Promise<void> {
  let reply: CheckReply
  try {
    reply = { result: await checkCode(language, code) }
  } catch (error) {
    reply = { broke: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(reply)
}
