#!/usr/bin/env node
/** Entry of the command line: words in, exit code out. */
import { CommanderError } from 'commander'
import { EXIT, exitOfError } from './exit-codes.ts'
import { createOutput, sayError } from './output.ts'
import { createProgram } from './program.ts'
import { sayableError } from './temporal-errors.ts'

async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.complete
  const program = createProgram(async (flags, command) => {
    const output = createOutput({ json: 'json' in flags && flags.json === true })
    try {
      exitCode = await command({ output, env: process.env, argv })
    } catch (caught) {
      const error = sayableError(caught)
      output.redraw([])
      sayError(output, error)
      exitCode = exitOfError(error)
    }
  })
  refuseByException(program)
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end with 0; all else was a mistake that commander has explained.
    return error.exitCode === 0 || error.code === 'commander.help' ? EXIT.complete : EXIT.usage
  }
  return exitCode
}

/** So that the exit code is ours. Commands made before take nothing over from the program, hence the walk. */
function refuseByException(command: ReturnType<typeof createProgram>): void {
  command.exitOverride()
  for (const child of command.commands) refuseByException(child)
}

/** Everything written has left this process, as far as somebody still reads. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve()
    else stream.write('', () => resolve())
  })
}

// Help that nobody reads to its end is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
const exitCode = await main(process.argv.slice(2))
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
process.exit(process.exitCode === undefined ? exitCode : process.exitCode)
