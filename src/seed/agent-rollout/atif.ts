/** Trajectories in the Agent Trajectory Interchange Format: one JSON file each. */
import { jsonTextOf, mappingOf, textOrNull } from './python-values.ts'
import { MalformedRollout, message, requireList, requireMapping, requireText, textFields, toolCall } from './rollout.ts'
import type { Json, Message, Rollout } from './rollout.ts'
import { firstAndLast } from './timestamps.ts'

/** The trajectory of a file. Throws `MalformedRollout`. */
export function readAtifTrajectory(payload: unknown): Rollout {
  const trajectory = requireMapping(payload, 'an ATIF trajectory')
  const schemaVersion = requireText(trajectory['schema_version'], 'ATIF schema_version')
  const session = requireText(trajectory['session_id'], 'ATIF session_id')
  const agent = requireMapping(trajectory['agent'], 'the ATIF agent')
  const steps = requireList(trajectory['steps'], 'ATIF steps')
  if (steps.length === 0) throw new MalformedRollout('expected ATIF steps, found an empty list')
  const references: Json[] = []
  const messages: Message[] = []
  const times: string[] = []
  const copied: number[] = []
  for (const [index, raw] of steps.entries()) {
    const step = requireMapping(raw, `ATIF steps[${index}]`)
    if (step['step_id'] !== index + 1) {
      throw new MalformedRollout(`expected step_id ${index + 1} at ATIF steps[${index}], found ${JSON.stringify(step['step_id'])}`)
    }
    const time = textOrNull(step['timestamp'])
    if (time) times.push(time)
    if (step['is_copied_context'] === true) copied.push(index + 1)
    messages.push(...messagesOf(step, index + 1, references))
  }
  const extra = mappingOf(agent['extra']) ?? {}
  const cwd = textOrNull(extra['cwd'])
  const [startedAt, endedAt] = firstAndLast(times)
  return {
    traceId: session,
    rootSessionId: session,
    agentId: null,
    isSidechain: false,
    cwd,
    projectPath: textOrNull(extra['project_path']) || cwd,
    gitBranch: textOrNull(extra['git_branch']),
    startedAt,
    endedAt,
    messages,
    sourceMeta: {
      schema_version: schemaVersion,
      step_count: steps.length,
      agent_name: requireText(agent['name'], 'ATIF agent.name'),
      ...textFields(agent, ['version', 'model_name']),
      ...(copied.length === 0 ? {} : { copied_context_step_ids: copied }),
      ...(references.length === 0 ? {} : { subagent_trajectory_refs: references }),
      ...textFields(trajectory, ['notes', 'continued_trajectory_ref']),
      ...filledMappings(trajectory, ['final_metrics', 'extra']),
    },
  }
}

function filledMappings(from: Json, names: readonly string[]): Json {
  const found = names.map((name) => [name, mappingOf(from[name])] as const)
  return Object.fromEntries(found.filter(([, mapping]) => mapping !== null && Object.keys(mapping).length > 0))
}

function messagesOf(step: Json, id: number, references: Json[]): readonly Message[] {
  if (!('message' in step)) throw new MalformedRollout(`expected ATIF step ${id} to have a message, found none`)
  const role = roleOf(step['source'], id)
  if (role !== 'assistant') {
    const wrong = ['reasoning_content', 'tool_calls', 'observation'].filter((field) => (step[field] ?? null) !== null)
    if (wrong.length > 0) throw new MalformedRollout(`expected ATIF step ${id} of the ${role} without ${wrong.join(', ')}`)
  }
  const calls = toolCallsOf(step['tool_calls'], id)
  const reasoning = role === 'assistant' ? textOrNull(step['reasoning_content']) : null
  const said = message({ role, content: step['message'], reasoning, toolCalls: calls })
  const observation = step['observation'] ?? null
  return observation === null ? [said] : [said, ...observed(observation, id, new Set(calls.map((call) => call['id'])), references)]
}

function roleOf(source: unknown, id: number): string {
  const name = requireText(source, `the source of ATIF step ${id}`)
  if (name === 'agent') return 'assistant'
  if (name === 'system' || name === 'user') return name
  throw new MalformedRollout(`expected the source of ATIF step ${id} to be agent, system or user, found ${JSON.stringify(name)}`)
}

function toolCallsOf(raw: unknown, id: number): readonly Json[] {
  if (raw === null || raw === undefined) return []
  return requireList(raw, `tool_calls of ATIF step ${id}`).map((item, index) => {
    const place = `ATIF step ${id} tool_calls[${index}]`
    const call = requireMapping(item, place)
    const callId = requireText(call['tool_call_id'], `${place} tool_call_id`)
    return toolCall(callId, requireText(call['function_name'], `${place} function_name`), jsonTextOf(call['arguments']))
  })
}

function observed(observation: unknown, id: number, calls: ReadonlySet<unknown>, references: Json[]): readonly Message[] {
  const results = requireList(
    requireMapping(observation, `the observation of ATIF step ${id}`)['results'],
    `observation.results of ATIF step ${id}`,
  )
  return results.flatMap((raw, index) => {
    const place = `ATIF step ${id} result ${index}`
    const result = requireMapping(raw, place)
    const call = textOrNull(result['source_call_id'])
    if (call !== null && !calls.has(call))
      throw new MalformedRollout(`expected source_call_id of ${place} to be that of a tool call, found "${call}"`)
    const content = result['content'] ?? null
    if (content !== null && call === null)
      throw new MalformedRollout(`expected ${place} to have a source_call_id beside its content, found none`)
    const made = content === null ? [] : [message({ role: 'tool', content, toolCallId: call! })]
    const refs = referencesOf(result['subagent_trajectory_ref'], place)
    if (refs.length > 0) references.push({ step_id: id, refs })
    return made
  })
}

function referencesOf(raw: unknown, place: string): readonly Json[] {
  if (raw === null || raw === undefined) return []
  return requireList(raw, `subagent_trajectory_ref of ${place}`).map((item, index) => {
    const reference = requireMapping(item, `${place} ref ${index}`)
    return {
      session_id: requireText(reference['session_id'], `${place} ref ${index} session_id`),
      ...textFields(reference, ['trajectory_path']),
      ...filledMappings(reference, ['extra']),
    }
  })
}
