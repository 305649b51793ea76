/** The tools of a column's cells, as their conversations use them. */
import { ParquetryError } from '../errors.ts'
import type { Conversation } from './conversation.ts'
import type { CellPorts } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'

/** What a cell's conversation is given besides: nothing where the column names no tools, or there are none. Throws `TOOL_*`. */
export async function toolsFor(
  { tools }: Pick<LlmColumnOptions, 'tools'>,
  ports: CellPorts,
): Promise<Pick<Conversation<unknown>, 'tools'>> {
  if (tools === undefined) return {}
  const { alias, maxTurns } = tools
  const cellTools = ports.tools
  if (cellTools === undefined) throw new ParquetryError('INTERNAL', `expected the tools "${alias}" to be within reach, found none`)
  const definitions = await cellTools.list(alias)
  if (definitions.length === 0) return {}
  return { tools: { definitions, maxTurns, call: (call, ordinal) => cellTools.call(alias, call, ordinal) } }
}
