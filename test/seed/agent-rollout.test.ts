import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AgentRolloutSource } from '../../src/seed/agent-rollout/read-agent-rollout.ts'
import type { SeedFacts } from '../../src/seed/source.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'
import { previewInMemory } from '../../src/worker/preview-in-memory.ts'
import { compile, configOf, expression } from '../config/builders.ts'
import { makeSeedFolder, readAll } from './seeds.ts'
import type { SeedFolder } from './seeds.ts'
import { openSeed } from '../../src/seed/seed-reader.ts'

const fixtures = fileURLToPath(new URL('../fixtures/agent-rollout', import.meta.url))

/** What DataDesigner's own reader makes of the fixtures (make-agent-rollout-cases.py). */
interface Case {
  readonly format: AgentRolloutSource['format']
  readonly recursive: boolean
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Its warnings. */
  readonly left: readonly string[]
}
const cases = JSON.parse(readFileSync(new URL('agent-rollout-cases.json', import.meta.url), 'utf8')) as Readonly<Record<string, Case>>

let folder: SeedFolder
beforeAll(async () => {
  folder = await makeSeedFolder()
})
afterAll(() => folder.remove())

const sourceOf = (format: Case['format'], more: Partial<AgentRolloutSource> = {}): AgentRolloutSource => ({
  seed_type: 'agent_rollout',
  format,
  path: join(fixtures, format),
  file_pattern: null,
  recursive: true,
  ...more,
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function read(source: AgentRolloutSource): Promise<{ facts: SeedFacts; rows: object[] }> {
  const { facts, rows } = await readAll(source, folder.place)
  const named = rows.map((row) => Object.fromEntries(facts.schema.map(({ name }, index) => [name, row[index]])))
  return { facts, rows: JSON.parse(JSON.stringify(named).replaceAll(fixtures, '<fixtures>')) as object[] }
}

describe('sessions of agents', () => {
  it.each(Object.entries(cases))('of %s have the rows that DataDesigner reads', async (_name, { format, recursive, rows }) => {
    const { facts, rows: found } = await read(sourceOf(format, { recursive }))
    expect(found).toEqual(rows)
    expect(facts.rowCount).toBe(rows.length)
  })

  it.each(Object.entries(cases).filter(([, { recursive }]) => recursive))(
    'of %s: every file that DataDesigner passes over is passed over here, and a note names it',
    async (_name, { format, left }) => {
      const { facts } = await read(sourceOf(format))
      const theirs = left.filter((message) => !message.includes('response_item')).map((message) => /([\w.-]+\.jsonl?)/.exec(message)![1]!)
      const ours = facts.notes.map((note) => /^left out: .*?([\w.-]+\.jsonl?)/.exec(note)![1]!)
      expect(ours.toSorted()).toEqual(theirs.toSorted())
      expect(facts.notes.join('\n')).not.toContain('undefined')
    },
  )

  it('lie in the agent’s own folder when no path is given, under file names of its own', async () => {
    await folder.write('.codex/sessions/2026/rollout-1.jsonl', '{"type":"session_meta","payload":{"id":"mine"}}\n')
    await folder.write('.codex/sessions/2026/rollout-2.txt', '{"type":"session_meta"}\n')
    const { rows } = await read(sourceOf('codex', { path: null }))
    expect(rows).toMatchObject([{ trace_id: 'mine', source_path: join(folder.path, '.codex/sessions/2026/rollout-1.jsonl') }])
  })

  it('are read line by line from long files, and changes of a file or of an index are noticed', async () => {
    const long = Array.from(
      { length: 20_000 },
      (_, n) => `{"type":"user","sessionId":"long","message":{"role":"user","content":"äö ${n}"}}`,
    ).join('\r\n')
    await folder.write('claude/p/long.jsonl', long)
    await folder.write('claude/sessions-index.json', '{"entries":[{"sessionId":"long","summary":"one"}]}')
    const source = sourceOf('claude_code', { path: 'claude' })
    const reader = await openSeed(source, folder.place)
    const { contentHash, schema, notes } = await reader.inspect()
    expect(notes).toEqual([])
    const [batch] = await all(reader.read(schema, contentHash))
    expect([batch![0]![13], JSON.stringify(batch![0]![11]).endsWith('"äö 19999"}]}]')]).toEqual([20_000, true])
    expect(reader.files.map(({ path }) => path).some((path) => path.endsWith('sessions-index.json'))).toBe(true)
    await folder.write('claude/sessions-index.json', '{"entries":[{"sessionId":"long","summary":"two"}]}')
    await expect(all((await openSeed(source, folder.place)).read(schema, contentHash))).rejects.toMatchObject({
      code: 'SEED_DATA_CHANGED',
    })
  })

  it('are judged by the example agent-sessions', async () => {
    const example = fileURLToPath(new URL('../../examples/agent-sessions.yaml', import.meta.url))
    const { compiled, seedPlace } = await prepareConfig(example, { env: {}, homeFolder: folder.path, provider: 'rehearsal' })
    const { signal } = new AbortController()
    const run = { compiled, seedPlace, seed: '1', referenceTime: '2026-01-31T00:00:00Z', numRecords: 2, signal, env: {} }
    const { records } = await previewInMemory(run)
    expect(records.map(({ values }) => [values['task'], values['facts']])).toEqual([
      ['The cart shows a negative total when a coupon is used twice. Fix it.', '4 messages, 1 tool calls on main'],
      ['Search is slow. Why?', '4 messages, 1 tool calls on search'],
    ])
    expect(records[0]!.values).not.toHaveProperty('messages')
    expect(JSON.stringify(records[0]!.values['lesson'])).toContain('[rehearsal]')
  })

  it('have columns that templates read into', async () => {
    const { facts } = await read(sourceOf('codex'))
    const config = configOf(
      [expression('last', '{{ final_assistant_message }} {{ messages[0].role }} {{ source_meta.cli_version }} {{ message_count + 1 }}')],
      {
        seed_config: { source: { seed_type: 'agent_rollout', format: 'codex', path: '/somewhere' } },
      },
    )
    const { compiled } = compile(config, { seed: facts })
    expect(compiled.seed?.source).toEqual({
      seed_type: 'agent_rollout',
      format: 'codex',
      path: '/somewhere',
      file_pattern: null,
      recursive: true,
    })
    expect(compiled.schema.map(({ name }) => name)).toEqual([...Object.keys(cases['codex']!.rows[0]!), 'last'])
  })
})
