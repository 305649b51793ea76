/** Sessions of Hermes Agent: logs of its command line (`session_*.json`) and transcripts of its gateway (`*.jsonl`). */
import { plainContent } from './pi-coding-agent.ts'
import { jsonTextOf, mappingOf, textOrNull } from './python-values.ts'
import { message, messageRole, requireList, requireMapping, requireText, textFields, toolCall } from './rollout.ts'
import type { Json, Message, Rollout } from './rollout.ts'

/** Takes a `sessions.json` into the index: session key → session, or what is known of it. Throws `MalformedRollout`. */
export function addHermesIndex(index: Map<string, Json>, payload: unknown): void {
  for (const [key, entry] of Object.entries(requireMapping(payload, 'the sessions index'))) {
    if (typeof entry === 'string') {
      if (entry !== '') index.set(entry, { session_key: key })
      continue
    }
    const known = mappingOf(entry)
    const session = textOrNull(known?.['session_id'])
    if (known !== null && session) index.set(session, { session_key: key, ...known })
  }
}

/** The session of a command line's log. Throws `MalformedRollout`. */
export function readHermesLog(payload: unknown, stem: string): Rollout {
  const log = requireMapping(payload, 'a Hermes session')
  const raw = requireList(log['messages'], "'messages' of a Hermes session")
  const system = log['system_prompt']
  const tools = toolNames(log['tools'])
  const sourceMeta = {
    record_count: raw.length,
    session_format: 'cli_session_log',
    available_tool_count: tools.length,
    available_tool_names: tools,
    finish_reasons: finishReasons(raw),
    ...textFields(log, ['model', 'base_url', 'platform']),
    ...(typeof system === 'string' && system !== '' ? { has_system_prompt: true, system_prompt_chars: Array.from(system).length } : {}),
    ...(Array.isArray(log['tools']) && log['tools'].length > 0 ? { tools: jsonTextOf(log['tools']) } : {}),
  }
  const session = textOrNull(log['session_id']) || stem.replace(/^session_/, '')
  const messages = [...systemMessage(textOrNull(system)), ...messagesOf(raw)]
  return sessionOf(session, messages, sourceMeta, log['session_start'], log['last_updated'])
}

const KNOWN_FIELDS = [
  'session_key',
  'display_name',
  'platform',
  'chat_type',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'total_tokens',
  'last_prompt_tokens',
  'estimated_cost_usd',
  'cost_status',
  'memory_flushed',
]

/** The session of a gateway's transcript. Throws `MalformedRollout`. */
export function readHermesTranscript(raw: readonly Json[], session: string, index: ReadonlyMap<string, Json>): Rollout {
  const known = index.get(session) ?? {}
  const origin = mappingOf(known['origin'])
  const sourceMeta = {
    record_count: raw.length,
    session_format: 'gateway_transcript',
    finish_reasons: finishReasons(raw),
    tool_names_used: toolNames(raw.flatMap(({ tool_calls: calls }) => (Array.isArray(calls) ? (calls as readonly unknown[]) : []))),
    ...Object.fromEntries(KNOWN_FIELDS.filter((field) => field in known).map((field) => [field, known[field]])),
    ...(origin !== null && Object.keys(origin).length > 0 ? { origin } : {}),
  }
  return sessionOf(session, messagesOf(raw), sourceMeta, known['created_at'], known['updated_at'])
}

function sessionOf(session: string, messages: readonly Message[], sourceMeta: Json, begun: unknown, ended: unknown): Rollout {
  return {
    traceId: session,
    rootSessionId: session,
    agentId: null,
    isSidechain: false,
    cwd: null,
    projectPath: null,
    gitBranch: null,
    startedAt: textOrNull(begun),
    endedAt: textOrNull(ended),
    messages,
    sourceMeta,
  }
}

function systemMessage(prompt: string | null): readonly Message[] {
  return prompt ? [message({ role: 'system', content: prompt })] : []
}

function messagesOf(raw: readonly unknown[]): readonly Message[] {
  return raw.map((item, index) => {
    const place = `Hermes message #${index + 1}`
    const said = requireMapping(item, place)
    const role = messageRole(said['role'], place)
    const content = plainContent(said['content'])
    if (role === 'tool') return message({ role, content, toolCallId: requireText(said['tool_call_id'], `${place} tool_call_id`) })
    return message({ role, content, reasoning: textOrNull(said['reasoning']), toolCalls: toolCalls(said['tool_calls'], place) })
  })
}

function toolCalls(raw: unknown, place: string): readonly Json[] {
  if (raw === null || raw === undefined) return []
  return requireList(raw, `${place} tool_calls`).map((item, index) => {
    const call = requireMapping(item, `${place} tool call #${index + 1}`)
    const called = mappingOf(call['function']) ?? {}
    const id = requireText(call['id'] || call['call_id'], `${place} tool call #${index + 1} id`)
    const name = requireText(called['name'] || call['name'], `${place} tool call #${index + 1} name`)
    return toolCall(id, name, jsonTextOf('arguments' in called ? called['arguments'] : call['arguments']))
  })
}

/** Names of functions, each once, in order. */
function toolNames(tools: unknown): readonly string[] {
  if (!Array.isArray(tools)) return []
  return [...new Set(tools.flatMap((tool: unknown) => textOrNull(mappingOf(mappingOf(tool)?.['function'])?.['name']) || []))]
}

function finishReasons(raw: readonly unknown[]): readonly string[] {
  const answers = raw.map(mappingOf).filter((said) => said?.['role'] === 'assistant')
  return [...new Set(answers.flatMap((said) => textOrNull(said?.['finish_reason']) || []))]
}
