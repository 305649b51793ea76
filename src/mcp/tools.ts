/** The port to tool servers (MCP): what tools there are, and what comes of calling one. The protocol stays below it. */
import type { ToolCall, ToolDefinition } from '../model/client.ts'

/** A tool server that is reached over HTTP; holds no secret. */
export interface RemoteToolProvider {
  readonly type: 'sse' | 'streamable_http'
  readonly name: string
  readonly endpoint: string
  /** Name of the environment variable that holds the bearer token; null when the server needs none. */
  readonly apiKeyEnv: string | null
  /** True when the token stands in a home file: the worker reads it there, late. */
  readonly hasHomeSecrets: boolean
}

/** A tool server that is a program on the worker's machine, spoken to over its standard input and output; holds no secret. */
export interface LocalToolProvider {
  readonly type: 'stdio'
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Environment of the program. A value such as `MY_API_KEY` stands for the variable of that name, where it is set for the worker. */
  readonly env: Readonly<Record<string, string>>
  /** True when further variables stand in a home file: the worker reads them there, late. */
  readonly hasHomeSecrets: boolean
}

/** A tool server. */
export type ToolProvider = RemoteToolProvider | LocalToolProvider

/** The tools under an alias: whose they are, and how they may be used. */
export interface ToolTarget {
  readonly alias: string
  /** At least one; their tools follow each other in this order. */
  readonly providers: readonly ToolProvider[]
  /** Names of the tools that may be used; null for all. */
  readonly allowTools: readonly string[] | null
  /** Turns of tool calls in one conversation, ≥ 1. */
  readonly maxTurns: number
  /** Milliseconds that a call may take; null for the longest (`LONGEST_CALL_MS`). */
  readonly timeoutMs: number | null
}

/** What came of a tool call, as the model is told. */
export interface ToolResult {
  /** Text. */
  readonly content: string
  /** True when the tool failed, took too long, or is none of the target's. */
  readonly isError: boolean
}

/** When work on tools ends. */
export interface ToolSignals {
  /** Ends a call that is under way. */
  readonly signal: AbortSignal
  /** Ends waiting: for a turn at a busy server, for a server that does not answer. Aborts no later than `signal`. */
  readonly stopWaiting: AbortSignal
}

/** The tool servers of one worker, shared by all its open row groups: one connection each, made when it is needed and again when it is lost. */
export interface ToolServers {
  /**
   * The tools of a target, read once from each server. The same list object each time; the servers are there when it resolves.
   * Throws `TOOL_SERVER_UNREACHABLE`, `TOOL_SERVER_AUTH`, `TOOL_KEY_MISSING`, and `TOOL_NOT_OFFERED` when an allowed tool is not there or
   * two servers have tools of one name.
   */
  list(target: ToolTarget, signals: ToolSignals): Promise<readonly ToolDefinition[]>
  /** Calls a tool of the target. Throws as `list`, or the signal's reason. */
  call(target: ToolTarget, call: ToolCall, signals: ToolSignals): Promise<ToolResult>
  /** Closes all connections and ends the programs. */
  close(): Promise<void>
}
