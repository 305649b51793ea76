/**
 * What tools came to in one open row group: a journalled result is used, a missing one is asked for and journalled before it is used,
 * since a later request holds it, and asking again may cost, or come to something else.
 *
 * A tool call holds no model's slot. As with answers, after `stop` none is begun, and one under way ends by itself, until `abort`; while
 * `mayCall` says no, none goes out.
 */
import type { CellTools } from '../../columns/generator.ts'
import type { CompiledDataset } from '../../config/compiled.ts'
import { ParquetryError } from '../../errors.ts'
import type { ToolCall } from '../../model/client.ts'
import type { ToolServers, ToolTarget } from '../../mcp/tools.ts'
import type { ToolCallPlace } from '../journal/answer-key.ts'
import { toolCallKey } from '../journal/answer-key.ts'
import type { Journal } from '../journal/journal.ts'
import type { AskingCell } from './answer-book.ts'

/** What a tool book works with. */
export interface ToolBookOptions {
  /** Absent where nothing is to be called. */
  readonly servers: ToolServers | undefined
  readonly targets: CompiledDataset['tools']
  readonly journal: Journal
  readonly stop: AbortSignal
  readonly abort: AbortSignal
  /** Resolves once calls may go out; rejects when they are to stop. */
  readonly untilAllowed: () => Promise<void> | undefined
  /** Called when a result could not be journalled: no further call may be issued. */
  readonly onLost: ((error: unknown) => void) | undefined
}

/** The tools of a cell; undefined where the dataset uses none. */
export function createToolBook(options: ToolBookOptions): ((cell: AskingCell) => CellTools) | undefined {
  const { servers, targets, stop, abort } = options
  if (servers === undefined || targets === undefined) return undefined
  const signals = { signal: abort, stopWaiting: stop }
  return (cell) => ({
    list: (alias) => servers.list(targetOf(targets, alias), signals),
    call: (alias, call, ordinal) => resultOf(options, servers, targetOf(targets, alias), call, { ...cell, ...ordinal }),
  })
}

function targetOf(targets: NonNullable<CompiledDataset['tools']>, alias: string): ToolTarget {
  const target = targets[alias]
  if (target === undefined) throw new ParquetryError('INTERNAL', `no compiled tools for the alias ${alias}`)
  return target
}

async function resultOf(
  options: ToolBookOptions,
  servers: ToolServers,
  target: ToolTarget,
  call: ToolCall,
  place: ToolCallPlace,
): Promise<string> {
  const { journal, stop, abort, onLost } = options
  const key = toolCallKey(call, place)
  const known = journal.lookup(key)
  if (known !== undefined) return known.content
  stop.throwIfAborted()
  const held = options.untilAllowed()
  if (held !== undefined) await held
  const { content, isError } = await servers.call(target, call, { signal: abort, stopWaiting: stop })
  const usage = { inputTokens: 0, outputTokens: 0 }
  try {
    await journal.record(key, place, { content, finishReason: 'tool', usage, tool: isError ? 'error' : 'result' })
  } catch (error) {
    onLost?.(error)
    throw error
  }
  return content
}
