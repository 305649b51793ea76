/** Sessions of Codex: `rollout-*.jsonl`, one record a line. */
import { jsonTextOf, mappingOf, textOf, textOrNull } from './python-values.ts'
import { message, requireText, textFields, toolCall } from './rollout.ts'
import type { Json, Message, Rollout } from './rollout.ts'
import { firstAndLast } from './timestamps.ts'

const CALLS = ['function_call', 'custom_tool_call', 'apply_patch_call']
const OUTPUTS = ['function_call_output', 'custom_tool_call_output', 'apply_patch_call_output']

/** The session of a file. Throws `MalformedRollout`. */
export function readCodexSession(records: readonly Json[], stem: string): Rollout {
  const messages: Message[] = []
  const times: string[] = []
  const types = new Set<string>()
  const itemTypes = new Set<string>()
  let thoughts: string[] = []
  let meta: Json = {}

  /** Thoughts belong to what the assistant does next. */
  function takeThoughts(): string | null {
    const taken = thoughts
    thoughts = []
    return taken.length === 0 ? null : taken.join('\n\n')
  }

  function readItem(item: Json): void {
    const type = textOrNull(item['type']) || 'unknown'
    itemTypes.add(type)
    if (type === 'message') {
      const role = requireText(item['role'], 'Codex message role')
      const reasoning = takeThoughts()
      messages.push(message({ role, content: item['content'], reasoning: role === 'assistant' ? reasoning : null }))
    } else if (CALLS.includes(type)) {
      const reasoning = takeThoughts()
      const id = requireText(item['call_id'], 'Codex tool call id')
      const args = 'arguments' in item ? jsonTextOf(item['arguments']) : textOf(item['input'])
      const call = toolCall(id, requireText(item['name'], 'Codex tool name'), args)
      messages.push(message({ role: 'assistant', content: '', reasoning, toolCalls: [call] }))
    } else if (OUTPUTS.includes(type)) {
      messages.push(message({ role: 'tool', content: item['output'], toolCallId: requireText(item['call_id'], 'Codex tool output id') }))
    } else if (type === 'reasoning') thoughts.push(...summariesOf(item))
  }

  for (const record of records) {
    const type = textOrNull(record['type']) || 'unknown'
    types.add(type)
    const time = textOrNull(record['timestamp'])
    if (time) times.push(time)
    const payload = mappingOf(record['payload'])
    if (payload === null) continue
    if (type === 'session_meta') {
      meta = payload
      const begun = textOrNull(payload['timestamp'])
      if (begun) times.push(begun)
    } else if (type === 'event_msg') {
      const thought = textOrNull(payload['text'])
      if (textOrNull(payload['type']) === 'agent_reasoning' && thought) thoughts.push(thought)
    } else if (type === 'response_item') readItem(payload)
  }
  const session = textOrNull(meta['id']) || stem
  const [earliest, latest] = firstAndLast(times)
  return {
    traceId: session,
    rootSessionId: session,
    agentId: null,
    isSidechain: false,
    cwd: textOrNull(meta['cwd']),
    projectPath: textOrNull(meta['cwd']),
    gitBranch: textOrNull(meta['git_branch']),
    startedAt: textOrNull(meta['timestamp']) || earliest,
    endedAt: latest,
    messages,
    sourceMeta: {
      record_count: records.length,
      record_types: [...types].toSorted(),
      response_item_types: [...itemTypes].toSorted(),
      ...textFields(meta, ['originator', 'cli_version', 'model_provider', 'source']),
      ...(thoughts.length === 0 ? {} : { unattached_reasoning: thoughts }),
    },
  }
}

function summariesOf({ summary }: Json): readonly string[] {
  if (!Array.isArray(summary)) return []
  return summary.flatMap((part: unknown) => textOrNull(mappingOf(part)?.['text']) || [])
}
