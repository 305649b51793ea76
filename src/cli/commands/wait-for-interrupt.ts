/** Until a person, or whoever supervises the process, wants it to end. */
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../output.ts'

/** Resolves at the first Ctrl-C, SIGTERM or SIGHUP; a second one ends the process at once. */
export function waitForInterrupt(output: Output): Promise<void> {
  return new Promise((resolve) => {
    let interrupts = 0
    function onInterrupt(): void {
      interrupts += 1
      if (interrupts > 1) process.exit(EXIT.stopped)
      output.warn('ending: calls on the wire are finished and kept; Ctrl-C again aborts')
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onInterrupt)
  })
}
