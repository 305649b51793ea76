import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHomeToolSecrets } from '../../src/config/home-tool-secrets.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { readToolSecrets } from '../../src/mcp/secrets.ts'
import type { ToolProvider } from '../../src/mcp/tools.ts'
import { city, compile, configOf, failureOf, text } from './builders.ts'
import type { Mapping } from './builders.ts'

const column = text('note', 'About {{ city }}', { tool_alias: 't' })
const remote = { provider_type: 'streamable_http', name: 'facts', endpoint: 'http://127.0.0.1:9/mcp', api_key: 'FACTS_KEY' }
const toolConfig = { tool_alias: 't', providers: ['facts'], allow_tools: ['b', 'a'], timeout_sec: 1.5 }
const program = { provider_type: 'stdio', name: 'facts', command: 'node', args: ['server.mjs'], env: { LEVEL: 'info', TOKEN: 'MY_TOKEN' } }
const onDisk = (value: object): object => JSON.parse(JSON.stringify(value)) as object

function config(more: Mapping = {}): Mapping {
  return configOf([city, column], { tool_configs: [toolConfig], mcp_providers: [remote], ...more })
}

function problemsOf(value: unknown, sources = {}): readonly string[] {
  return failureOf(value, sources).details.problems!.map(({ path, message }) => `${path}: ${message}`)
}

describe('tools in a config', () => {
  it('are compiled with their servers, and come back from the stored files', () => {
    const first = compile(config())
    expect(first.compiled.tools).toEqual({
      t: {
        alias: 't',
        providers: [
          { type: 'streamable_http', name: 'facts', endpoint: 'http://127.0.0.1:9/mcp', apiKeyEnv: 'FACTS_KEY', hasHomeSecrets: false },
        ],
        allowTools: ['b', 'a'],
        maxTurns: 5,
        timeoutMs: 1_500,
      },
    })
    const builder = toBuilderConfig(first) as { data_designer: Mapping }
    expect(builder.data_designer['tool_configs']).toEqual([{ ...toolConfig, max_tool_call_turns: 5 }])
    expect(JSON.stringify(builder)).not.toContain('127.0.0.1')
    expect(compileStored(onDisk(builder), onDisk(toParquetryFile(first)))).toEqual(first.compiled)
    // Programs come from the user's own files.
    const local = compile(config({ mcp_providers: null }), { mcpProvidersFile: { path: 'mcp.yaml', value: { providers: [program] } } })
    expect(compileStored(onDisk(toBuilderConfig(local)), onDisk(toParquetryFile(local)))).toEqual(local.compiled)
  })

  it('that no column uses are stored, and need no server', () => {
    const first = compile(configOf([city, text('t', '{{ city }}')], { tool_configs: [toolConfig] }))
    expect(first.compiled.tools).toBeUndefined()
    expect(toBuilderConfig(first)).toMatchObject({ data_designer: { tool_configs: [{ tool_alias: 't' }] } })
  })

  it('are in the fingerprint by what can change a value: whose, which, how often', () => {
    const hashOf = (more: Mapping = {}, server: Mapping = {}): string =>
      compile(config({ tool_configs: [{ ...toolConfig, ...more }], mcp_providers: [{ ...remote, ...server }] })).compiled.fingerprint.hash
    const renamed = configOf([city, { ...column, tool_alias: 'u' }], {
      tool_configs: [{ ...toolConfig, tool_alias: 'u' }],
      mcp_providers: [remote],
    })
    expect(compile(renamed).compiled.fingerprint.hash).toBe(hashOf())
    expect(hashOf({ timeout_sec: 9, allow_tools: ['a', 'b'] }, { endpoint: 'http://127.0.0.1:1/x', api_key: null })).toBe(hashOf())
    expect(hashOf({ allow_tools: null })).toBe(hashOf({ allow_tools: [] }))
    const others = [hashOf({ allow_tools: ['a'] }), hashOf({ allow_tools: null }), hashOf({ max_tool_call_turns: 4 })]
    expect(new Set([hashOf(), ...others]).size).toBe(4)
    const without = compile(configOf([city, text('note', 'About {{ city }}')])).compiled.fingerprint
    expect(compile(configOf([city, { ...column, tool_alias: null }])).compiled.fingerprint).toEqual(without)
  })

  it('are refused with all problems, their places and the way out', () => {
    const wrong = configOf([city, { ...column, tool_alias: 'tt' }, { ...column, name: 'other' }], {
      tool_configs: [
        { ...toolConfig, providers: ['fact'], allow_tools: ['a', 'a'] },
        { ...toolConfig, max_tool_call_turns: 0 },
      ],
      mcp_providers: [remote, { ...remote, endpoint: 'ftp://x' }, program],
    })
    expect(problemsOf(wrong)).toEqual([
      'tool_configs[1].max_tool_call_turns: expected a number of at least 1, found 0',
      'mcp_providers[1].name: expected unique names of MCP providers, found "facts" twice',
      expect.stringMatching(/^mcp_providers\[1\]\.endpoint: expected an http or https address/),
      'mcp_providers[2].name: expected unique names of MCP providers, found "facts" twice',
      expect.stringMatching(/^mcp_providers\[2\]\.provider_type: .*must not start a program; move this provider into mcp_providers\.yaml/),
      'tool_configs[0].allow_tools[1]: expected each tool once, found "a" twice',
      'columns[1].tool_alias: no tool config has the alias "tt". Did you mean "t"?',
      expect.stringMatching(/^tool_configs\[0\]\.providers\[0\]: no MCP provider has the name "fact"\. Did you mean "facts"\?/),
    ])
  })

  it('hold no secret: a key, or a variable that looks like one, is refused and not shown', () => {
    const key = 'sk-abcdefghijklmnopqrstuvwxyz'
    const said = problemsOf(config({ mcp_providers: [{ ...remote, api_key: key }] }))
    expect(said).toEqual([expect.stringMatching(/^mcp_providers\[0\]\.api_key: expected the name of an environment variable/)])
    const file = {
      path: 'mcp.yaml',
      value: { providers: [{ ...program, args: [`--api-key=${key}`], env: { API_KEY: 'hidden-word', X: key } }] },
    }
    const inFile = problemsOf(config({ mcp_providers: null }), { mcpProvidersFile: file })
    expect(inFile.slice(0, 3)).toEqual([
      expect.stringMatching(/mcp\.yaml: providers\[0\]\.args\[0\]: expected no secret/),
      expect.stringMatching(/mcp\.yaml: providers\[0\]\.env\.API_KEY: expected the name/),
      expect.stringMatching(/mcp\.yaml: providers\[0\]\.env\.X: expected the name/),
    ])
    expect(JSON.stringify([said, inFile])).not.toMatch(/abcdefgh|hidden-word/)
  })
})

describe('tools in the home folder', () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'parquetry-home-'))
    const providers = [
      { ...program, env: { LEVEL: 'info', API_KEY: 'plain-secret-1', TOKEN: 'MY_TOKEN' } },
      { name: 'keyed', endpoint: 'http://127.0.0.1:9/sse', api_key: 'plain-secret-2' },
    ]
    await writeFile(join(home, 'mcp_providers.yaml'), JSON.stringify({ providers }))
    await writeFile(join(home, 'tool_configs.yaml'), JSON.stringify({ tool_configs: [{ tool_alias: 't', providers: ['facts', 'keyed'] }] }))
  })
  afterAll(async () => {
    await rm(home, { recursive: true, force: true })
  })

  it('are found, warned of, never copied, and read by the worker for the very server they stand at', async () => {
    const env = { DATA_DESIGNER_HOME: home, MY_TOKEN: 'from-the-environment' }
    const prepared = await prepareConfig(configOf([city, column]), { env, homeFolder: home })
    expect(prepared.warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('a secret of MCP provider "facts" stands in plain text'),
      expect.stringContaining('a secret of MCP provider "keyed" stands in plain text'),
    ])
    expect(JSON.stringify(prepared, (_key, value: unknown) => (value instanceof Map ? [...value] : value))).not.toContain('plain-secret')
    expect(prepared.parquetryFile).toMatchObject({
      mcp_providers: [
        { name: 'facts', has_home_secrets: true, env: { LEVEL: 'info', TOKEN: 'MY_TOKEN' } },
        { name: 'keyed', has_home_secrets: true, provider_type: 'sse', api_key_env: null },
      ],
    })
    const [local, keyed] = prepared.compiled.tools!['t']!.providers as [ToolProvider, ToolProvider]
    const readHome = createHomeToolSecrets(env, home)
    expect(await readToolSecrets(local, env, readHome)).toEqual({
      token: null,
      env: { LEVEL: 'info', TOKEN: 'from-the-environment', API_KEY: 'plain-secret-1' },
      secrets: ['from-the-environment', 'plain-secret-1'],
    })
    expect((await readToolSecrets(keyed, env, readHome)).token).toBe('plain-secret-2')
    // A config that was made to be shared cannot have them sent elsewhere.
    const elsewhere = { ...keyed, endpoint: 'http://127.0.0.1:10/sse' } as ToolProvider
    expect((await readToolSecrets(elsewhere, env, readHome)).token).toBeNull()
  })

  it('are no business of a config without tools', async () => {
    const prepared = await prepareConfig(configOf([city, text('t', '{{ city }}')]), { env: { DATA_DESIGNER_HOME: home }, homeFolder: home })
    expect(prepared.warnings).toEqual([])
  })
})
