/** `retry-dropped`: makes the dropped rows of a dataset again, and touches no other row; what is missing is made first. */
import type { CommandContext } from '../context.ts'
import { goOn } from './resume.ts'
import type { ResumeFlags } from './resume.ts'

/** Runs the command; answers its exit code. */
export async function retryDropped(dataset: string, flags: ResumeFlags, context: CommandContext): Promise<number> {
  return await goOn(dataset, flags, context, true)
}
