import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHomeKeys } from '../../src/config/home-keys.ts'
import { loadConfigFile } from '../../src/config/load.ts'
import { parseText } from '../../src/config/parse-text.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'
import type { ModelProviderTarget } from '../../src/model/client.ts'

let folder = ''
const write = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
  return path
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquetry-config-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const yaml = `columns:
  - name: city
    column_type: sampler
    sampler_type: category
    params: { values: [Rome, Oslo] }
  - { name: t, column_type: llm-text, model_alias: m, prompt: "{{ city }}" }
model_configs:
  - { alias: m, model: x, provider: mine }
`

describe('the text of a config', () => {
  it('is YAML or JSON by its content, not its name', () => {
    expect(parseText('{"columns": [1]}', 'a.yaml')).toEqual({ columns: [1] })
    expect(parseText('columns: [1]', 'a.json')).toEqual({ columns: [1] })
    expect(parseText('\uFEFF{columns: [1]}', 'flow')).toEqual({ columns: [1] })
  })

  it('keeps yes, no and dates as they are written, and knows merge keys', () => {
    expect(parseText('a: [yes, no, 2024-01-01]\nb: &b { x: 1 }\nc: { <<: *b, y: 2 }', 'a')).toMatchObject({
      a: ['yes', 'no', '2024-01-01'],
      c: { x: 1, y: 2 },
    })
  })

  it.each([
    ['YAML', 'columns:\n  - name: "a\n  b: 1\n', 'CONFIG_UNREADABLE'],
    ['JSON', '{\n  "columns": [\n    {"name": "a" "b": 1}\n  ]\n}', 'CONFIG_UNREADABLE'],
    ['doubled keys', 'columns: []\ncolumns: []', 'CONFIG_UNREADABLE'],
  ])('that cannot be read names line and column: %s', (_, text, code) => {
    expect(() => parseText(text, 'a.yaml')).toThrow(
      expect.objectContaining({
        code,
        details: expect.objectContaining({ line: expect.any(Number), column: expect.any(Number) }) as unknown,
      }),
    )
  })

  it('in JSON names the line of the mistake', () => {
    expect(() => parseText('{\n  "columns": [\n    {"name": "a" "b": 1}\n  ]\n}', 'a.json')).toThrow(/at line 3, column/)
  })

  it('cannot explode by aliases', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...['b', 'c', 'd', 'e', 'f'].map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcde'[index]}`).join(', ')}]`),
    ].join('\n')
    expect(() => parseText(bomb, 'bomb')).toThrow(expect.objectContaining({ code: 'CONFIG_UNREADABLE' }))
  })
})

describe('a config file', () => {
  it('that is not there, a folder, an address or a Python file is refused with a way out', async () => {
    await expect(loadConfigFile(join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      details: { wayOut: expect.any(String) as unknown },
    })
    await expect(loadConfigFile(folder)).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
    await expect(loadConfigFile('http://127.0.0.1:1/config.yaml')).rejects.toMatchObject({ code: 'CONFIG_NOT_YET' })
    await expect(loadConfigFile('config.py')).rejects.toMatchObject({ code: 'CONFIG_NOT_YET' })
  })

  it('is prepared with what the home folders hold, ours first', async () => {
    const path = await write('config.yaml', yaml)
    await write(
      'theirs/.data-designer/model_providers.yaml',
      'providers:\n  - { name: mine, endpoint: "http://127.0.0.1:2/v1", api_key: MINE_KEY }\n',
    )
    const prepared = await prepareConfig(path, { env: {}, homeFolder: join(folder, 'theirs'), now: () => 0 })
    expect(prepared.compiled.models['m']?.target.provider).toMatchObject({ endpoint: 'http://127.0.0.1:2/v1', apiKeyEnv: 'MINE_KEY' })
    expect(prepared.parquetryFile).toMatchObject({ seed: null, reference_time: '1970-01-01T00:00:00.000Z' })
    await write('ours/model_providers.yaml', 'providers:\n  - { name: mine, endpoint: "http://127.0.0.1:3/v1" }\n')
    const ours = await prepareConfig(path, { env: { PARQUETRY_HOME: join(folder, 'ours') }, homeFolder: join(folder, 'theirs') })
    expect(ours.compiled.models['m']?.target.provider.endpoint).toBe('http://127.0.0.1:3/v1')
  })

  it('is prepared with the files named on the command line', async () => {
    const providersFile = await write('providers.yaml', 'providers:\n  - { name: mine, endpoint: "http://127.0.0.1:4/v1" }\n')
    const runConfigFile = await write('run.yaml', 'buffer_size: 3\n')
    const prepared = await prepareConfig(await write('config.yaml', yaml), { env: {}, homeFolder: folder, providersFile, runConfigFile })
    expect(prepared.compiled.models['m']?.target.provider.endpoint).toBe('http://127.0.0.1:4/v1')
    expect(prepared.explicit.bufferSize).toBe(3)
    await expect(prepareConfig(yaml, { env: {}, homeFolder: folder })).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' })
  })
})

describe('a key in a home file', () => {
  const target = (more: Partial<ModelProviderTarget> = {}): ModelProviderTarget => ({
    name: 'mine',
    endpoint: 'http://127.0.0.1:5/v1',
    type: 'openai',
    apiKeyEnv: null,
    extraHeaders: {},
    extraBody: {},
    ...more,
  })

  it('is found late, for the provider at its own address only', async () => {
    await write(
      'keys/.data-designer/model_providers.yaml',
      'providers:\n  - { name: mine, endpoint: "http://127.0.0.1:5/v1", api_key: sk-plain-key }\n',
    )
    const keyOf = createHomeKeys({}, join(folder, 'keys'))
    expect(await keyOf(target())).toBe('sk-plain-key')
    expect(await keyOf(target({ endpoint: 'http://127.0.0.1:6/v1' }))).toBeNull()
    expect(await keyOf(target({ name: 'yours' }))).toBeNull()
    expect(await keyOf(target({ apiKeyEnv: 'MINE_KEY' }))).toBeNull()
  })
})
