/** Sessions of Pi Coding Agent: a tree of entries, one a line; the branch that was taken last is the conversation. */
import { isTruthy, jsonTextOf, mappingOf, textOf, textOrNull } from './python-values.ts'
import { MalformedRollout, message, requireText, toolCall } from './rollout.ts'
import type { Json, Message, Rollout } from './rollout.ts'

/** The session of a file. Throws `MalformedRollout`. */
export function readPiSession(records: readonly Json[]): Rollout {
  const [header, ...entries] = records as readonly [Json, ...Json[]]
  if (header['type'] !== 'session') throw new MalformedRollout('expected a session header as the first entry')
  const session = requireText(header['id'], 'the id of the Pi session')
  const cwd = textOrNull(header['cwd'])
  const active = activePath(entries)
  const messages = active.flatMap(messagesOf)
  const times = [header, ...entries]
    .map(({ timestamp }) => textOrNull(timestamp))
    .filter((time): time is string => Boolean(time))
    .toSorted()
  return {
    traceId: session,
    rootSessionId: session,
    agentId: null,
    isSidechain: false,
    cwd,
    projectPath: cwd,
    gitBranch: null,
    startedAt: times[0] ?? null,
    endedAt: times.at(-1) ?? null,
    messages,
    sourceMeta: metaOf(records, entries, active),
  }
}

function metaOf([header, ...rest]: readonly Json[], entries: readonly Json[], active: readonly Json[]): Json {
  const spoken = active.filter((entry) => entryType(entry) === 'message').map((entry) => mappingOf(entry['message']) ?? {})
  const answers = spoken.filter(({ role }) => textOrNull(role) === 'assistant')
  const models = active.flatMap((entry) => {
    const said = mappingOf(entry['message'])
    if (entryType(entry) === 'model_change') return textOrNull(entry['modelId']) || []
    return entryType(entry) === 'message' && textOrNull(said?.['role']) === 'assistant' ? textOrNull(said?.['model']) || [] : []
  })
  const shells = spoken.filter(({ role }) => textOrNull(role) === 'bashExecution').length
  const parents = entries.map(({ parentId }) => parentId).filter((parent) => typeof parent === 'string' && parent !== '')
  const parentSession = textOrNull(header?.['parentSession'])
  const version = header?.['version'] ?? null
  return {
    record_count: 1 + rest.length,
    entry_types: [...new Set(active.map(entryType))].toSorted(),
    stop_reasons: [...new Set(answers.flatMap(({ stopReason }) => textOrNull(stopReason) || []))],
    ...(version === null ? {} : { session_version: version }),
    ...(models.length === 0 ? {} : { models_used: [...new Set(models)] }),
    ...(new Set(parents).size < parents.length ? { has_branches: true } : {}),
    ...(shells === 0 ? {} : { bash_execution_count: shells }),
    ...(parentSession ? { parent_session: parentSession } : {}),
  }
}

function entryType({ type }: Json): string {
  return textOrNull(type) || 'unknown'
}

/** From the root to the last entry. */
function activePath(entries: readonly Json[]): readonly Json[] {
  const byId = new Map<unknown, Json>()
  for (const entry of entries) if (typeof entry['id'] === 'string' && entry['id'] !== '') byId.set(entry['id'], entry)
  const path: Json[] = []
  const seen = new Set<unknown>()
  for (let entry = entries.at(-1); entry !== undefined; entry = byId.get(entry['parentId'])) {
    const { id, parentId } = entry
    if (typeof id === 'string') {
      if (seen.has(id)) break
      seen.add(id)
    }
    path.push(entry)
    if (parentId === null || parentId === undefined) break
  }
  return path.toReversed()
}

function messagesOf(entry: Json): readonly Message[] {
  switch (entryType(entry)) {
    case 'compaction':
    case 'branch_summary':
      return summaryOf(entry)
    case 'custom_message':
      return shownOf(entry)
    case 'message': {
      const said = mappingOf(entry['message'])
      return said === null ? [] : spokenMessages(said, textOrNull(entry['id']) ?? '')
    }
    default:
      return []
  }
}

function spokenMessages(said: Json, entryId: string): readonly Message[] {
  switch (textOf(said['role'])) {
    case 'user':
      return [message({ role: 'user', content: plainContent(said['content']) })]
    case 'assistant':
      return [assistantMessage(said['content'])]
    case 'toolResult': {
      const toolCallId = requireText(said['toolCallId'], 'Pi toolResult toolCallId')
      return [message({ role: 'tool', content: plainContent(said['content']), toolCallId })]
    }
    case 'bashExecution':
      return shellMessages(said, entryId)
    case 'custom':
      return shownOf(said)
    case 'compactionSummary':
    case 'branchSummary':
      return summaryOf(said)
    default:
      return []
  }
}

function summaryOf(from: Json): readonly Message[] {
  const summary = textOrNull(from['summary'])
  return summary ? [message({ role: 'system', content: summary })] : []
}

function shownOf(from: Json): readonly Message[] {
  return isTruthy(from['display']) ? [message({ role: 'system', content: plainContent(from['content']) })] : []
}

/** Texts and lists as they are, nothing as an empty text, the rest as JSON. */
export function plainContent(content: unknown): unknown {
  if (content === null || content === undefined) return ''
  return typeof content === 'string' || Array.isArray(content) ? content : jsonTextOf(content)
}

function assistantMessage(content: unknown): Message {
  const texts: string[] = []
  const thoughts: string[] = []
  const toolCalls: Json[] = []
  for (const raw of Array.isArray(content) ? (content as readonly unknown[]) : []) {
    const block = mappingOf(raw)
    if (block === null) {
      if (typeof raw === 'string' && raw !== '') texts.push(raw)
    } else if (block['type'] === 'text') texts.push(...[textOrNull(block['text']) || []].flat())
    else if (block['type'] === 'thinking') thoughts.push(...[textOrNull(block['thinking']) || []].flat())
    else if (block['type'] === 'toolCall') {
      const { id = '', name = '' } = block
      toolCalls.push(toolCall(id, name, jsonTextOf(block['arguments'])))
    }
  }
  if (typeof content === 'string') texts.push(content)
  return message({ role: 'assistant', content: texts.join('\n\n'), reasoning: thoughts.join('\n\n'), toolCalls })
}

function shellMessages(said: Json, entryId: string): readonly Message[] {
  if (isTruthy(said['excludeFromContext'])) return []
  const id = entryId === '' ? 'bash_unknown' : `bash_${entryId}`
  const output = textOrNull(said['output']) ?? ''
  const code = textOrNull(said['exitCode'])
  const result = [...(output === '' ? [] : [output]), ...(code === null ? [] : [`[exit code: ${code}]`])].join('\n')
  const call = toolCall(id, 'bash', jsonTextOf({ command: textOrNull(said['command']) ?? '' }))
  return [message({ role: 'assistant', content: '', toolCalls: [call] }), message({ role: 'tool', content: result, toolCallId: id })]
}
