/** One session of an agent as DataDesigner normalises it, whatever agent wrote it. */
import type { Schema, Value } from '../../values.ts'
import type { SeedRow } from '../source.ts'
import { mappingOf, textOf, textOrNull } from './python-values.ts'

/** A file that is not what its format says. It is left out, and named. */
export class MalformedRollout extends Error {}

/** JSON, as it was parsed. */
export type Json = Readonly<Record<string, unknown>>

/** A message; optional fields stand there only when they say something. */
export type Message = Readonly<Record<string, unknown>> & { readonly role: string; readonly content: readonly unknown[] }

/** A session, less what follows from its messages. */
export interface Rollout {
  readonly traceId: string
  readonly rootSessionId: string
  readonly agentId: string | null
  readonly isSidechain: boolean
  readonly cwd: string | null
  readonly projectPath: string | null
  readonly gitBranch: string | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly messages: readonly Message[]
  readonly sourceMeta: Json
}

const TEXT = { kind: 'string' } as const
const WHOLE = { kind: 'int64' } as const
const JSON_TYPE = { kind: 'json' } as const

/** The columns, as DataDesigner names them. Messages and meta differ in their fields from agent to agent, and are JSON. */
export const ROLLOUT_SCHEMA: Schema = [
  { name: 'trace_id', type: TEXT },
  { name: 'source_kind', type: TEXT },
  { name: 'source_path', type: TEXT },
  { name: 'root_session_id', type: TEXT },
  { name: 'agent_id', type: TEXT },
  { name: 'is_sidechain', type: { kind: 'boolean' } },
  { name: 'cwd', type: TEXT },
  { name: 'project_path', type: TEXT },
  { name: 'git_branch', type: TEXT },
  { name: 'started_at', type: TEXT },
  { name: 'ended_at', type: TEXT },
  { name: 'messages', type: JSON_TYPE },
  { name: 'source_meta', type: JSON_TYPE },
  { name: 'message_count', type: WHOLE },
  { name: 'tool_call_count', type: WHOLE },
  { name: 'final_assistant_message', type: TEXT },
]

/** The row of a session. */
export function rowOf(rollout: Rollout, sourceKind: string, sourcePath: string): SeedRow {
  const { messages } = rollout
  const calls = messages.reduce((total, { tool_calls: made }) => total + (Array.isArray(made) ? made.length : 0), 0)
  return [
    rollout.traceId,
    sourceKind,
    sourcePath,
    rollout.rootSessionId,
    rollout.agentId,
    rollout.isSidechain,
    rollout.cwd,
    rollout.projectPath,
    rollout.gitBranch,
    rollout.startedAt,
    rollout.endedAt,
    messages as unknown as Value,
    rollout.sourceMeta as Value,
    messages.length,
    calls,
    finalText(messages),
  ]
}

/** The text of the last assistant message that has some. */
function finalText(messages: readonly Message[]): string | null {
  for (const { role, content } of messages.toReversed()) {
    if (role !== 'assistant') continue
    const texts = content.flatMap((block) => {
      const text = typeof block === 'string' ? block : mappingOf(block)?.['text']
      return typeof text === 'string' && text !== '' ? [text] : []
    })
    if (texts.length > 0) return texts.join('\n\n')
  }
  return null
}

/** What a message is made of. */
export interface MessageParts {
  readonly role: unknown
  readonly content: unknown
  readonly reasoning?: string | null
  readonly toolCalls?: readonly Json[]
  readonly toolCallId?: string
}

/** A message in the form of chat APIs. Throws `MalformedRollout` for a role that they do not have. */
export function message(
  { role, content, reasoning, toolCalls = [], toolCallId }: MessageParts,
  context = 'agent rollout message',
): Message {
  return {
    role: messageRole(role, context),
    content: contentBlocks(content),
    ...(reasoning ? { reasoning_content: reasoning } : {}),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
  }
}

/** The role of a message; `developer` is a system. Throws `MalformedRollout`. */
export function messageRole(role: unknown, context: string): string {
  const name = textOrNull(role)
  if (name === 'developer') return 'system'
  if (name === 'user' || name === 'assistant' || name === 'system' || name === 'tool') return name
  throw new MalformedRollout(`unsupported message role ${JSON.stringify(role)} in ${context}`)
}

/** A call of a function. */
export function toolCall(id: unknown, name: unknown, args: string): Json {
  return { id, type: 'function', function: { name, arguments: args } }
}

function contentBlocks(content: unknown): readonly unknown[] {
  if (content === null || content === undefined) return []
  return Array.isArray(content) ? content.map(contentBlock) : [textBlock(content)]
}

function contentBlock(block: unknown): unknown {
  const mapping = mappingOf(block)
  if (mapping !== null && 'type' in mapping) return mapping
  return textBlock(mapping !== null && 'text' in mapping ? mapping['text'] : block)
}

/** A block of text. */
export function textBlock(value: unknown): Json {
  return { type: 'text', text: textOf(value) }
}

/** A text that is not empty. Throws `MalformedRollout`. */
export function requireText(value: unknown, context: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new MalformedRollout(`expected a text that is not empty for ${context}, found ${JSON.stringify(value) ?? 'nothing'}`)
}

/** A mapping. Throws `MalformedRollout`. */
export function requireMapping(value: unknown, context: string): Json {
  const mapping = mappingOf(value)
  if (mapping !== null) return mapping
  throw new MalformedRollout(`expected an object for ${context}, found ${JSON.stringify(value)?.slice(0, 40) ?? 'nothing'}`)
}

/** A list. Throws `MalformedRollout`. */
export function requireList(value: unknown, context: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new MalformedRollout(`expected a list for ${context}, found ${JSON.stringify(value)?.slice(0, 40) ?? 'nothing'}`)
}

/** The fields of `source` that say something, as text. */
export function textFields(source: Json, names: readonly string[]): Json {
  return Object.fromEntries(
    names.map((name) => [name, textOrNull(source[name])] as const).filter(([, value]) => value !== null && value !== ''),
  )
}
