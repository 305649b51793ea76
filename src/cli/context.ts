/** What every command is given. */
import type { Output } from './output.ts'
import type { WatchedFlags } from './watched-worker.ts'

/** Streams, environment and the words that were typed. */
export interface CommandContext {
  readonly output: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Arguments after the command's own name, for the commands that are printed. */
  readonly argv: readonly string[]
}

/** Flags of commands that make rows from a config. */
export interface ConfigFlags {
  readonly runConfig?: string
  readonly providers?: string
  readonly mcpProviders?: string
  readonly provider?: string
  readonly personFallback?: 'faker'
  /** Module with code that the config names. */
  readonly extensions?: string
}

/** Flags of commands that follow a run. */
export interface FollowFlags extends WatchedFlags {
  readonly onBlocked?: 'wait' | 'exit'
  readonly maxWait?: number
  readonly maxConcurrentRowGroups?: number
  readonly sequential?: boolean
  /** In the currency of the prices. */
  readonly budget?: number
  readonly tokenBudget?: number
  /** Module with code that the config names. */
  readonly extensions?: string
}
