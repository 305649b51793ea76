/** Sessions of Claude Code: `projects/<project>/<session>.jsonl`, one record a line; `sessions-index.json` knows more about some. */
import { isTruthy, jsonTextOf, mappingOf, textOf, textOrNull } from './python-values.ts'
import { message, requireList, requireMapping, requireText, textBlock, toolCall } from './rollout.ts'
import type { Json, Message, Rollout } from './rollout.ts'
import { firstAndLast } from './timestamps.ts'

/** Session → what the index says of it. */
export type SessionIndex = ReadonlyMap<string, Json>

/** Takes an index file into the index. Throws `MalformedRollout`. */
export function addClaudeIndex(index: Map<string, Json>, payload: unknown): void {
  const { entries = [] } = requireMapping(payload, 'the sessions index')
  for (const entry of requireList(entries, "'entries' of the sessions index")) {
    const session = textOrNull(mappingOf(entry)?.['sessionId'])
    if (session) index.set(session, entry as Json)
  }
}

/** The session of a file. Throws `MalformedRollout`. */
export function readClaudeSession(records: readonly Json[], stem: string, index: SessionIndex): Rollout {
  const messages: Message[] = []
  const times: string[] = []
  const first = (field: string): string | null => records.map((record) => textOrNull(record[field])).find((text) => text) ?? null
  for (const record of records) {
    const time = textOrNull(record['timestamp'])
    if (time) times.push(time)
    if (record['type'] === 'assistant') messages.push(...assistantMessages(record))
    else if (record['type'] === 'user') messages.push(...userMessages(record))
  }
  const [startedAt, endedAt] = firstAndLast(times)
  const session = first('sessionId') ?? stem
  const agentId = first('agentId')
  const cwd = first('cwd')
  const known = index.get(session) ?? {}
  const versions = records.map(({ version }) => textOrNull(version)).filter((version): version is string => Boolean(version))
  const summary = textOrNull(known['summary'])
  const firstPrompt = textOrNull(known['firstPrompt'])
  return {
    traceId: agentId === null ? session : `${session}:${agentId}`,
    rootSessionId: session,
    agentId,
    isSidechain: records.some(({ isSidechain }) => isTruthy(isSidechain)),
    cwd,
    projectPath: textOrNull(known['projectPath']) || cwd,
    gitBranch: first('gitBranch'),
    startedAt,
    endedAt,
    messages,
    sourceMeta: {
      record_count: records.length,
      record_types: distinct(records.map(({ type }) => (type === undefined ? 'unknown' : (textOrNull(type) ?? 'None')))),
      ...(versions.length === 0 ? {} : { claude_versions: distinct(versions) }),
      ...(summary ? { summary } : {}),
      ...(firstPrompt ? { first_prompt: firstPrompt } : {}),
    },
  }
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted()
}

function assistantMessages(record: Json): readonly Message[] {
  const { content } = requireMapping(record['message'], "a Claude assistant record's message")
  const shown: unknown[] = []
  const thoughts: string[] = []
  const calls: Json[] = []
  const results: Message[] = []
  for (const block of rawBlocks(content)) {
    const type = textOrNull(block['type'])
    if (type === 'thinking') {
      const thought = textOrNull(block['thinking']) || textOrNull(block['text'])
      if (thought) thoughts.push(thought)
    } else if (type === 'tool_use') {
      const name = requireText(block['name'], 'Claude tool_use name')
      calls.push(toolCall(requireText(block['id'], 'Claude tool_use id'), name, jsonTextOf(block['input'])))
    } else if (type === 'tool_result') results.push(toolResult(block))
    else shown.push(normalBlock(block))
  }
  if (shown.length === 0 && thoughts.length === 0 && calls.length === 0) return results
  return [message({ role: 'assistant', content: shown, reasoning: thoughts.join('\n\n'), toolCalls: calls }), ...results]
}

function userMessages(record: Json): readonly Message[] {
  const { content } = requireMapping(record['message'], "a Claude user record's message")
  const mapping = mappingOf(content)
  if (mapping !== null && textOrNull(mapping['type']) === 'tool_result') return [toolResult(mapping)]
  if (!Array.isArray(content)) return [message({ role: 'user', content })]
  const said: unknown[] = []
  const results: Message[] = []
  for (const block of rawBlocks(content)) {
    if (textOrNull(block['type']) === 'tool_result') results.push(toolResult(block))
    else said.push(normalBlock(block))
  }
  return said.length === 0 ? results : [message({ role: 'user', content: said }), ...results]
}

function toolResult(block: Json): Message {
  const toolCallId = requireText(block['tool_use_id'], 'Claude tool_result tool_use_id')
  return message({ role: 'tool', content: block['content'], toolCallId })
}

function rawBlocks(content: unknown): readonly Json[] {
  if (content === null || content === undefined) return []
  if (Array.isArray(content)) return content.map((block: unknown) => mappingOf(block) ?? textBlock(block))
  return [mappingOf(content) ?? textBlock(content)]
}

function normalBlock(block: Json): Json {
  const type = textOrNull(block['type'])
  const isText = type === 'text' || type === 'input_text' || type === 'output_text'
  if (isText && 'text' in block) return textBlock(block['text'])
  if (type !== null) return block
  return { type: 'text', text: 'text' in block ? textOf(block['text']) : textOf(block) }
}
