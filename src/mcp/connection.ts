/**
 * One tool server, as a worker sees it.
 *
 * C1  One session at a time, made when it is needed; whoever comes while it is being made waits for the same one.
 * C2  A session that is lost is made again, and what was asked on it is asked again, a few times; then the server counts as away.
 * C3  Its tools are read once, unless they turn out not to be those wanted: what a model is offered does not change while the worker lives.
 * C4  At most `MAX_CALLS` calls at once.
 */
import type { ToolDefinition } from '../model/client.ts'
import type { Environment } from '../model/key.ts'
import { classify, serverError, wordsOf } from './failure.ts'
import type { ExchangeFailure } from './failure.ts'
import { readToolSecrets } from './secrets.ts'
import type { ReadHomeToolSecrets } from './secrets.ts'
import { createSlots, orAborted, pause } from './slots.ts'
import { textOfContent } from './tool-content.ts'
import type { ToolProvider, ToolResult, ToolSignals } from './tools.ts'
import { openSession } from './transport.ts'
import type { Session } from './transport.ts'

/** What connections are made with. */
export interface ConnectionPorts {
  /** Where keys are read from by name, for each session. */
  readonly env: Environment
  readonly readHomeSecrets?: ReadHomeToolSecrets
  /** Milliseconds before each repetition of an exchange whose connection was lost. Default 0, 300, 1,000. */
  readonly retryPausesMs?: readonly number[]
}

/** Milliseconds that a tool call may take when its config says nothing. */
export const LONGEST_CALL_MS = 600_000

const RETRY_PAUSES_MS = [0, 300, 1_000]
const MAX_CALLS = 16
const LIST_MS = 30_000

interface OpenSession extends Session {
  readonly secrets: readonly string[]
  /** Nothing was asked on it yet. */
  isFresh: boolean
}

/** The server is there and has answered, but not with what was asked for. */
class AnsweredWithError extends Error {}

/** There was no session to be had. */
class NoSession extends Error {
  readonly failure: ExchangeFailure

  constructor(failure: ExchangeFailure, words: string) {
    super(words)
    this.failure = failure
  }
}

/** See the head of the file. */
export class ToolConnection {
  readonly #provider: ToolProvider
  readonly #ports: ConnectionPorts
  readonly #slots = createSlots(MAX_CALLS)
  readonly #life = new AbortController()
  #session: OpenSession | null = null
  #opening: Promise<OpenSession> | null = null
  #tools: readonly ToolDefinition[] | null = null

  constructor(provider: ToolProvider, ports: ConnectionPorts) {
    this.#provider = provider
    this.#ports = ports
  }

  /** Its tools; the server is there when it resolves. Throws `TOOL_SERVER_*`, `TOOL_KEY_MISSING`. */
  async tools(signals: ToolSignals): Promise<readonly ToolDefinition[]> {
    try {
      const listed = await this.#exchange(signals, async ({ client }) => {
        if (this.#tools !== null) return this.#tools
        const { tools } = await client.listTools(undefined, { timeout: LIST_MS })
        return tools.map(({ name, description, inputSchema }) => ({ name, description: description ?? '', parameters: inputSchema }))
      })
      return (this.#tools ??= listed)
    } catch (error) {
      if (error instanceof AnsweredWithError) throw serverError(this.#provider, 'lost', `asked for its tools, it said: ${error.message}`)
      throw error
    }
  }

  /** They are read again when they are asked for next. */
  forgetTools(): void {
    this.#tools = null
  }

  /** Calls a tool. Throws as `tools`, or the signal's reason. */
  async call(name: string, args: Readonly<Record<string, unknown>>, timeoutMs: number | null, signals: ToolSignals): Promise<ToolResult> {
    const timeout = timeoutMs ?? LONGEST_CALL_MS
    const { signal } = signals
    return await this.#slots.hold(signals.stopWaiting, async () => {
      try {
        const result = await this.#exchange(signals, ({ client }) => client.callTool({ name, arguments: { ...args } }, { timeout, signal }))
        return { content: textOfContent(result.content, result.structuredContent), isError: result.isError === true }
      } catch (error) {
        if (error instanceof AnsweredWithError) return { content: error.message, isError: true }
        throw error
      }
    })
  }

  /** Ends the session, and the program of a local server. */
  async close(): Promise<void> {
    this.#life.abort(new NoSession('lost', 'the worker is shutting down'))
    const session = this.#session ?? (await this.#opening?.catch(() => null)) ?? null
    this.#session = null
    await session?.close()
  }

  /** Throws `AnsweredWithError` when the server, being there, would not do it or took too long. */
  async #exchange<T>(signals: ToolSignals, ask: (session: OpenSession) => Promise<T>): Promise<T> {
    const pauses = this.#ports.retryPausesMs ?? RETRY_PAUSES_MS
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#askOnce(signals, ask)
      } catch (error) {
        if (!(error instanceof NoSession)) throw error
        const isLast = failures >= pauses.length || this.#life.signal.aborted
        if (error.failure === 'refused' || isLast) throw serverError(this.#provider, error.failure, error.message)
        await pause(pauses[failures]!, signals.stopWaiting)
      }
    }
  }

  async #askOnce<T>(signals: ToolSignals, ask: (session: OpenSession) => Promise<T>): Promise<T> {
    const session = await orAborted(this.#open(), signals.stopWaiting)
    const { isFresh } = session
    session.isFresh = false
    try {
      return await ask(session)
    } catch (error) {
      signals.signal.throwIfAborted()
      const failure = classify(error, isFresh)
      const words = wordsOf(error, session.secrets)
      if (failure === 'said' || failure === 'slow') throw new AnsweredWithError(words)
      this.#forget(session)
      throw new NoSession(failure, words)
    }
  }

  /** The session that is open, or a new one (C1). */
  #open(): Promise<OpenSession> {
    if (this.#session !== null) return Promise.resolve(this.#session)
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #connect(): Promise<OpenSession> {
    this.#life.signal.throwIfAborted()
    const secrets = await readToolSecrets(this.#provider, this.#ports.env, this.#ports.readHomeSecrets)
    let open: OpenSession | null = null
    let isLost = false
    const session = await openSession(this.#provider, {
      secrets,
      env: this.#ports.env,
      signal: this.#life.signal,
      onEnd: () => {
        isLost = true
        if (this.#session === open) this.#session = null
      },
    }).catch((error: unknown) => {
      const failure = classify(error, false)
      throw new NoSession(failure === 'refused' ? 'refused' : 'lost', wordsOf(error, secrets.secrets))
    })
    open = { ...session, secrets: secrets.secrets, isFresh: true }
    if (!isLost) this.#session = open
    return open
  }

  /** The next exchange makes a new session. */
  #forget(session: OpenSession): void {
    if (this.#session === session) this.#session = null
    void session.close()
  }
}
