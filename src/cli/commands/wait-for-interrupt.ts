/** Until a person, or whoever supervises the process, wants it to end. */
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { createPresses } from '../presses.ts'

/** Resolves at the first Ctrl-C, SIGTERM or SIGHUP; a second one ends the process at once. */
export function waitForInterrupt(output: Output): Promise<void> {
  return new Promise((resolve) => {
    const nextPress = createPresses()
    function onInterrupt(): void {
      const press = nextPress()
      if (press === null) return
      if (press > 1) process.exit(EXIT.stopped)
      output.warn('ending: calls on the wire are finished and kept; Ctrl-C again aborts')
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onInterrupt)
  })
}
