/** Where words go: a terminal, a pipe, or a machine that reads JSON lines. */
import { isParquetryError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { displayWidth } from './text.ts'

/** Writes for people or for machines; what is meant for the other one is left out. */
export interface Output {
  /** True with `--json`: every line on stdout is one JSON object. */
  readonly isJson: boolean
  /** True when a person watches and lines can be rewritten. */
  readonly isTerminal: boolean
  /** Columns of the terminal; 100 where there is none. */
  width(): number
  /** A line for people; it goes above the lines that `redraw` keeps. */
  say(line?: string): void
  /** A warning for people, on stderr. */
  warn(line: string): void
  /** An object for machines. */
  emit(event: string, facts: object): void
  /** Lines that replace the ones of the last call; an empty list removes them. Terminals only. */
  redraw(lines: readonly string[]): void
  /** Called once when the reader of stdout has gone away (`| head`); without a handler the process ends quietly. Answers how to take it back. */
  onClosed(handler: () => void): () => void
}

/** Exit code when the reader of the output went away: what a shell reports for SIGPIPE. */
export const EXIT_OUTPUT_CLOSED = 141

/** An output over the process's streams. */
export function createOutput(options: { readonly json: boolean }): Output {
  const isJson = options.json
  const isTerminal = process.stdout.isTTY === true && !isJson && process.env['TERM'] !== 'dumb'
  let drawn: readonly string[] = []
  let isClosed = false
  let closedHandler: (() => void) | null = null

  function onStreamError(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
    if (isClosed) return
    isClosed = true
    if (closedHandler === null) process.exit(EXIT_OUTPUT_CLOSED)
    closedHandler()
  }
  process.stdout.on('error', onStreamError)
  process.stderr.on('error', onStreamError)

  function write(stream: NodeJS.WriteStream, text: string): void {
    if (!isClosed) stream.write(text)
  }
  function width(): number {
    return process.stdout.columns ?? 100
  }
  function clear(): void {
    if (drawn.length === 0) return
    // The terminal may have become narrower since: then a line takes several rows.
    const rows = drawn.reduce((total, line) => total + Math.max(1, Math.ceil(displayWidth(line) / Math.max(1, width()))), 0)
    write(process.stdout, `\u001b[${rows}A\u001b[0J`)
  }
  function draw(lines: readonly string[]): void {
    if (lines.length > 0) write(process.stdout, `${lines.join('\n')}\n`)
    drawn = lines
  }
  function interject(stream: NodeJS.WriteStream, line: string): void {
    const lines = drawn
    clear()
    drawn = []
    write(stream, `${line}\n`)
    draw(lines)
  }
  return {
    isJson,
    isTerminal,
    width,
    say(line = ''): void {
      if (!isJson) interject(process.stdout, line)
    },
    warn(line): void {
      interject(process.stderr, line)
    },
    emit(event, facts): void {
      if (isJson) write(process.stdout, `${JSON.stringify({ event, ...facts }, jsonSafe)}\n`)
    },
    redraw(lines): void {
      if (!isTerminal) return
      clear()
      draw(lines)
    },
    onClosed(handler): () => void {
      closedHandler = handler
      return () => {
        if (closedHandler === handler) closedHandler = null
      }
    },
  }
}

/** JSON.stringify's replacer for values of records: whole numbers beyond 2^53 become text. */
export function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

/** Says what went wrong, all problems at once, and the way out; a stack trace only for defects. */
export function sayError(output: Output, error: unknown): void {
  if (!isParquetryError(error)) {
    output.emit('error', { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) })
    output.warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return
  }
  const { problems, wayOut } = error.details
  output.emit('error', { code: error.code, message: error.message, problems, wayOut })
  if (output.isJson) return
  output.warn(`${error.code}: ${headlineOf(error.message, problems ?? [])}`)
  for (const problem of problems ?? []) output.warn(`  ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`)
  if (wayOut !== undefined) output.warn(`  what to do: ${wayOut.replaceAll('\n', '\n              ')}`)
  if (error.kind === 'internal' && error.cause instanceof Error) output.warn(String(error.cause.stack))
}

/** The message without the problem that it quotes, where all problems follow anyway. */
function headlineOf(message: string, problems: readonly Problem[]): string {
  const quoted = problems
    .map((problem) => message.indexOf(`: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`))
    .find((index) => index > 0)
  return quoted === undefined ? message : message.slice(0, quoted)
}
