/**
 * A tool server as a program: messages over its standard input and output, a line each. It stands in a process group of its own, so that
 * a Ctrl-C on the terminal, which lets the calls of a worker finish, does not end the server in the middle of one.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { JSONRPCMessage, ReadBuffer, Transport } from '@modelcontextprotocol/client'

/** What a program is started with. */
export interface ProgramOptions {
  readonly command: string
  readonly args: readonly string[]
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
}

/** The parts of the SDK that read and write messages. */
export interface MessageCodec {
  readonly ReadBuffer: new () => ReadBuffer
  readonly serializeMessage: (message: JSONRPCMessage) => string
}

/** Characters of its complaints that are kept. */
const COMPLAINT_LENGTH = 400
/** Milliseconds that it is given to end by itself, and then at a SIGTERM. */
const PATIENCE_MS = 2_000

/** See the head of the file. */
export class ProgramTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #options: ProgramOptions
  readonly #codec: MessageCodec
  readonly #buffer: ReadBuffer
  #child: ChildProcess | null = null
  #ended: Promise<void> = Promise.resolve()
  #complaint = ''

  constructor(options: ProgramOptions, codec: MessageCodec) {
    this.#options = options
    this.#codec = codec
    this.#buffer = new codec.ReadBuffer()
  }

  /** What it wrote to its standard error last. */
  complaint(): string {
    return this.#complaint.trim()
  }

  async start(): Promise<void> {
    const { command, args, env } = this.#options
    const child = spawn(command, [...args], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true, windowsHide: true })
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()))
    child.once('close', () => this.onclose?.())
    child.stdin.on('error', (error) => this.onerror?.(error))
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stderr.on('data', (chunk: Buffer) => (this.#complaint = (this.#complaint + chunk.toString()).slice(-COMPLAINT_LENGTH)))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin
    await new Promise<void>((resolve, reject) => {
      if (stdin === undefined || stdin === null || !stdin.writable) return reject(new Error('the program takes no more messages'))
      stdin.write(this.#codec.serializeMessage(message), (error) => (error === null || error === undefined ? resolve() : reject(error)))
    })
  }

  /** The end of its input asks it to end; then signals do, to all that it has started. */
  async close(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    child.stdin?.end()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await this.#endsWithin(PATIENCE_MS)) return
      try {
        process.kill(-child.pid, signal)
      } catch {
        child.kill(signal)
      }
    }
    await this.#endsWithin(PATIENCE_MS)
  }

  #read(chunk: Buffer): void {
    try {
      this.#buffer.append(chunk)
    } catch (error) {
      // More than any message may hold.
      this.onerror?.(error as Error)
      void this.close()
      return
    }
    for (;;) {
      try {
        const message = this.#buffer.readMessage()
        if (message === null) return
        this.onmessage?.(message)
      } catch (error) {
        // A line that is no message, such as a greeting.
        this.onerror?.(error as Error)
      }
    }
  }

  async #endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)))
    return await Promise.race([this.#ended.then(() => true as const), late]).finally(() => clearTimeout(timer))
  }
}
