/** The tool that the rehearsal endpoint calls: one call in a conversation, of one of the tools it is offered, then it answers. */
import { fitSchema } from './json-fit.ts'
import { compileFits } from './schema-check.ts'
import type { JsonSchema } from './schema-merge.ts'
import { schemaAt } from './schema-merge.ts'

/** A call as a chat completion says it. */
export interface RehearsedCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

interface Offered {
  readonly name: string
  readonly parameters: JsonSchema
}

const NO_ARGUMENTS: JsonSchema = { type: 'object', properties: {} }

/** The call, a pure function of what is offered and the digest; null where no tool is offered, or one has been called already. */
export function rehearseCall(
  tools: unknown,
  messages: readonly { readonly role: string }[],
  words: readonly string[],
  digest: Buffer,
): RehearsedCall | null {
  if (messages.some(({ role }) => role === 'tool')) return null
  const offered = Array.isArray(tools) ? tools.map(offeredOf).filter((tool) => tool !== null) : []
  const tool = offered[digest[0]! % Math.max(1, offered.length)]
  if (tool === undefined) return null
  const { value } = fitSchema(tool.parameters, words, digest, compileFits(tool.parameters))
  return {
    id: `call_${digest.toString('hex', 0, 8)}`,
    type: 'function',
    function: { name: tool.name, arguments: JSON.stringify(typeof value === 'object' && value !== null ? value : {}) },
  }
}

function offeredOf(tool: unknown): Offered | null {
  const called: unknown = (tool as { function?: unknown } | null)?.function
  const { name, parameters } = (called ?? {}) as { name?: unknown; parameters?: unknown }
  return typeof name === 'string' ? { name, parameters: schemaAt(parameters) ?? NO_ARGUMENTS } : null
}
