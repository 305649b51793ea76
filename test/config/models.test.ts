import { describe, expect, it } from 'vitest'
import type { CompiledConfig } from '../../src/config/compile.ts'
import { compileConfig } from '../../src/config/compile.ts'
import { applyProvider, parsedConfigOf } from '../../src/config/sources.ts'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import type { CompileSources } from '../../src/config/sources.ts'
import { city, compile, configOf, errorsOf, failureOf, text, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const columns = [city, text('t', '{{ city }}')]
const asking = (provider: string, more: Mapping = {}): Mapping =>
  configOf(columns, { model_configs: [{ alias: 'm', model: 'x', provider }], ...more })
const providerOf = (config: Mapping, sources: Partial<CompileSources> = {}): unknown =>
  compile(config, sources).compiled.models['m']?.target.provider
const file = (value: unknown, path = 'home.yaml'): { path: string; value: unknown } => ({ path, value })
const own = (more: Mapping): Mapping => ({ model_providers: [{ name: 'own', endpoint: 'http://127.0.0.1:1/v1', ...more }] })
const key = 'sk-proj-abcdefghijklmnopqrst'

describe('a provider', () => {
  it.each([
    ['openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
    ['nvidia', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY'],
    ['openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'],
    ['ollama', 'http://localhost:11434/v1', null],
  ])('is built in: %s', (name, endpoint, apiKeyEnv) => {
    expect(providerOf(asking(name))).toEqual({ name, endpoint, type: 'openai', apiKeyEnv, extraHeaders: {}, extraBody: {} })
  })

  it("that speaks Anthropic's messages is built in, or one of the config's own", () => {
    const builtIn = { name: 'anthropic', endpoint: 'https://api.anthropic.com/v1', type: 'anthropic', apiKeyEnv: 'ANTHROPIC_API_KEY' }
    expect(providerOf(asking('anthropic'))).toMatchObject(builtIn)
    expect(providerOf(asking('own', own({ provider_type: 'anthropic' })))).toMatchObject({ type: 'anthropic' })
  })

  it.each<[string, Mapping, string]>([
    ['1.5', { temperature: 1.5 }, 'found 1.5'],
    ['one drawn up to 2', { temperature: { params: { low: 0, high: 2 } } }, 'found 2'],
    ['one drawn from 0.5 and 1.2', { temperature: { params: { values: [0.5, 1.2] } } }, 'found 1.2'],
  ])('that speaks them takes no temperature of %s', (_, inference_parameters, found) => {
    const model = { alias: 'm', model: 'x', provider: 'anthropic', inference_parameters }
    expect(errorsOf(configOf(columns, { model_configs: [model] }))).toEqual([
      `model_configs[0].inference_parameters.temperature: expected a temperature of at most 1 for "m" at an Anthropic provider, ${found}`,
    ])
  })

  it('that speaks them has no native structured output', () => {
    expect(errorsOf(asking('anthropic', { parquetry: { native_structured_output: ['m'] } }))).toEqual([
      expect.stringContaining('parquetry.native_structured_output[0]: expected aliases of OpenAI-compatible providers, found "m"'),
    ])
  })

  it('called rehearsal is built in, needs no key, and cannot be taken by another', () => {
    expect(providerOf(asking('rehearsal'))).toEqual({
      name: 'rehearsal',
      endpoint: '',
      type: 'rehearsal',
      apiKeyEnv: null,
      extraHeaders: {},
      extraBody: {},
    })
    expect(errorsOf(asking('rehearsal', { model_providers: [{ name: 'rehearsal', endpoint: 'http://127.0.0.1:1/v1' }] }))).toEqual([
      expect.stringContaining('model_providers[0].name: "rehearsal" is the name of the built-in provider'),
    ])
  })

  it('comes from the config, then --providers, then the home folders in turn, then what is built in', () => {
    const at = (port: number): Mapping => ({ name: 'nvidia', endpoint: `http://127.0.0.1:${port}/v1` })
    const first = file({ providers: [at(3)] })
    const sources = { providersFile: file({ providers: [at(2)] }), homeProviders: [first, file({ providers: [at(4)] })] }
    expect(providerOf(asking('nvidia', { model_providers: [at(1)] }), sources)).toMatchObject({ endpoint: 'http://127.0.0.1:1/v1' })
    expect(providerOf(asking('nvidia'), sources)).toMatchObject({ endpoint: 'http://127.0.0.1:2/v1' })
    expect(providerOf(asking('nvidia'), { homeProviders: sources.homeProviders })).toMatchObject({ endpoint: 'http://127.0.0.1:3/v1' })
    expect(providerOf(asking('nvidia'))).toMatchObject({ endpoint: 'https://integrate.api.nvidia.com/v1' })
  })

  it('called openai is moved by OPENAI_BASE_URL, also where a home file only repeats it, but not where a file gives another address', () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:7/v1' }
    const repeated = file({
      providers: [{ name: 'openai', endpoint: 'https://api.openai.com/v1', provider_type: 'openai', api_key: 'OPENAI_API_KEY' }],
    })
    expect(providerOf(asking('openai'), { env })).toMatchObject({ endpoint: 'http://127.0.0.1:7/v1', apiKeyEnv: 'OPENAI_API_KEY' })
    expect(providerOf(asking('openai'), { env, homeProviders: [repeated] })).toMatchObject({ endpoint: 'http://127.0.0.1:7/v1' })
    expect(
      providerOf(asking('openai', { model_providers: [{ name: 'openai', endpoint: 'http://127.0.0.1:8/v1' }] }), { env }),
    ).toMatchObject({ endpoint: 'http://127.0.0.1:8/v1' })
    expect(providerOf(asking('nvidia'), { env })).toMatchObject({ endpoint: 'https://integrate.api.nvidia.com/v1' })
  })

  it('that nobody knows is refused with what was probably meant', () => {
    expect(errorsOf(asking('opnai'))).toEqual([
      expect.stringMatching(
        /^model_configs\[0\]\.provider: no provider has the name "opnai"\. Did you mean "openai"\? Known: openai, nvidia/,
      ),
    ])
  })

  it.each<[string, Mapping, string]>([
    ['an address of another kind', { endpoint: 'ftp://host/v1' }, 'model_providers[0].endpoint: expected an http or https address'],
    [
      'a password in the address',
      { endpoint: `http://user:${key}@host/v1` },
      'model_providers[0].endpoint: expected an address without user, password or key',
    ],
    [
      'a key in the address',
      { endpoint: `http://host/v1?api_key=${key}` },
      'model_providers[0].endpoint: expected an address without user, password or key',
    ],
    [
      'the key itself',
      { api_key: key },
      'model_providers[0].api_key: expected the name of an environment variable, found what looks like the key itself (not shown)',
    ],
    [
      'a key in a header',
      { extra_headers: { Authorization: `Bearer ${key}` } },
      'model_providers[0].extra_headers.Authorization: expected no secret here',
    ],
    [
      'a key in the body',
      { extra_body: { nested: { api_key: key } } },
      'model_providers[0].extra_body["nested.api_key"]: expected no secret here',
    ],
    ['a key of the wrong type', { api_key: [key] }, 'model_providers[0].api_key: expected a text, found a list (not shown)'],
    [
      'a header that no request can carry',
      { extra_headers: { 'X-Team': 'a\nb' } },
      'model_providers[0].extra_headers.X-Team: expected the value of a header on one line',
    ],
    [
      'a header without a proper name',
      { extra_headers: { 'X Team': 'a' } },
      'model_providers[0].extra_headers["X Team"]: expected the name of a header',
    ],
    [
      'a header that is set anyway',
      { extra_headers: { 'Content-Length': '5' } },
      'model_providers[0].extra_headers.Content-Length: expected this header to be left out',
    ],
    [
      'a key of Groq in a header of any name',
      { extra_headers: { 'X-Team': 'gsk_abcdefghijklmnopqrst' } },
      'model_providers[0].extra_headers.X-Team: expected no secret here',
    ],
    ['messages of its own', { extra_body: { messages: [] } }, 'model_providers[0].extra_body.messages: expected messages to be left out'],
    ['several answers', { extra_body: { n: 3 } }, 'model_providers[0].extra_body.n: expected n to be 1 or left out'],
    [
      'an unknown type',
      { provider_type: 'azure' },
      'model_configs[0].provider: provider "own" has the type "azure"; expected openai or anthropic',
    ],
  ])('is refused with %s, and no secret is echoed', (_, more, expected) => {
    const failure = failureOf(asking('own', own(more)))
    expect(failure.details.problems?.map(({ path, message }) => `${path}: ${message}`)[0]).toContain(expected)
    expect(JSON.stringify([failure.message, failure.details])).not.toContain(key)
  })

  it('names its key by a variable: in capitals, or one that is set', () => {
    expect(providerOf(asking('own', own({ api_key: 'MY_API_KEY' })))).toMatchObject({ apiKeyEnv: 'MY_API_KEY' })
    expect(providerOf(asking('own', own({ api_key: 'my_key' })), { env: { my_key: 'x' } })).toMatchObject({ apiKeyEnv: 'my_key' })
    expect(errorsOf(asking('own', own({ api_key: 'my_key' })))).toEqual([expect.stringContaining('model_providers[0].api_key')])
  })

  it('in a file given by --providers may not hold the key itself', () => {
    const providersFile = file({ providers: [{ name: 'own', endpoint: 'http://127.0.0.1:1/v1', api_key: key }] }, 'providers.yaml')
    const failure = failureOf(asking('own'), { providersFile })
    expect(failure.details.problems?.[0]?.message).toMatch(
      /^providers\.yaml: providers\[0\]\.api_key: expected the name of an environment variable/,
    )
    expect(JSON.stringify(failure.details)).not.toContain(key)
  })

  it('of a shared config that would get a well-known key at an address of its own is warned of', () => {
    expect(warningsOf(asking('own', own({ api_key: 'OPENAI_API_KEY' })))).toEqual([
      "model_configs[0].provider: this config sends the key in OPENAI_API_KEY to 127.0.0.1:1, which is not openai's own address",
    ])
  })

  it('in a damaged home file does not stop a config that does not need it', () => {
    const homeProviders = [{ path: 'home.yaml', problem: 'no YAML' }, file({ providers: [{ name: 'x' }] }, 'second.yaml')]
    expect(warningsOf(asking('openai'), { homeProviders })).toEqual([
      ': home.yaml is ignored: no YAML',
      ': second.yaml is ignored: providers[0].endpoint: expected a text, found nothing',
    ])
    expect(warningsOf(configOf([city]), { homeProviders })).toEqual([])
  })
})

describe('a model', () => {
  it('is compiled with its parameters, limits and the defaults', () => {
    const parameters = { temperature: 0.5, top_p: 0.9, max_tokens: 9, timeout: 5, max_parallel_requests: 7, extra_body: { k: 1 } }
    const model = compile(
      configOf(columns, {
        model_configs: [{ alias: 'm', model: 'x', provider: 'openai', inference_parameters: parameters, skip_health_check: true }],
      }),
    ).compiled.models['m']
    expect(model).toMatchObject({
      target: { alias: 'm', model: 'x', maxParallelRequests: 7, timeoutMs: 5_000 },
      temperature: 0.5,
      topP: 0.9,
      maxTokens: 9,
      extraBody: { k: 1 },
      skipHealthCheck: true,
      price: null,
      nativeStructuredOutput: false,
    })
    expect(compile(asking('openai')).compiled.models['m']).toMatchObject({
      target: { maxParallelRequests: 4, timeoutMs: 60_000 },
      temperature: null,
      topP: null,
      maxTokens: null,
    })
  })

  it('may draw temperature and top_p from distributions, whose type the params tell', () => {
    const modelOf = (inference_parameters: Mapping): unknown =>
      compile(configOf(columns, { model_configs: [{ alias: 'm', model: 'x', provider: 'openai', inference_parameters }] })).compiled.models[
        'm'
      ]
    const temperature = { distribution_type: 'uniform', params: { low: 0.5, high: 2 } }
    expect(modelOf({ temperature: { params: temperature.params }, top_p: 0.5 })).toMatchObject({
      temperature: null,
      topP: 0.5,
      drawn: { temperature, topP: null },
    })
    const values = [0.1, 0.9]
    const manual = { distribution_type: 'manual', params: { values, weights: [0.25, 0.75] } }
    expect(modelOf({ temperature, top_p: { params: { values, weights: [1, 3] } } })).toMatchObject({
      temperature: null,
      topP: null,
      drawn: { temperature, topP: manual },
    })
    expect(modelOf({ temperature: 1 })).not.toHaveProperty('drawn')
  })

  it.each<[string, Mapping, string]>([
    [
      'a distribution of another kind',
      { temperature: { distribution_type: 'normal', params: {} } },
      'model_configs[0].inference_parameters.temperature.distribution_type: expected one of uniform, manual, found "normal"',
    ],
    [
      'bounds the wrong way round',
      { temperature: { distribution_type: 'uniform', params: { low: 1, high: 1 } } },
      'model_configs[0].inference_parameters.temperature.params.high: expected a number above low, which is 1, found 1',
    ],
    [
      'a bound beyond the parameter',
      { top_p: { distribution_type: 'uniform', params: { low: 0, high: 1.5 } } },
      'model_configs[0].inference_parameters.top_p.params.high: expected a number of at most 1, found 1.5',
    ],
    [
      'a value beyond the parameter',
      { top_p: { distribution_type: 'manual', params: { values: [0.5, -1] } } },
      'model_configs[0].inference_parameters.top_p.params.values[1]: expected a number of at least 0, found -1',
    ],
    [
      'a weight too few',
      { top_p: { params: { values: [0.5, 1], weights: [1] } } },
      'model_configs[0].inference_parameters.top_p.params.weights: expected as many weights as values, 2, found 1',
    ],
    [
      'no weight above 0',
      { top_p: { params: { values: [0.5, 1], weights: [0, 0] } } },
      'model_configs[0].inference_parameters.top_p.params.weights: expected at least one weight above 0, found none',
    ],
    ['too hot', { temperature: 2.5 }, 'model_configs[0].inference_parameters.temperature: expected a number of at most 2, found 2.5'],
    ['no room', { max_tokens: 0 }, 'model_configs[0].inference_parameters.max_tokens: expected a number of at least 1, found 0'],
    [
      'an unknown field',
      { max_token: 5 },
      'model_configs[0].inference_parameters.max_token: unknown field "max_token". Did you mean "max_tokens"?',
    ],
    [
      'an unknown kind',
      { generation_type: 'chat' },
      'model_configs[0].inference_parameters.generation_type: expected one of chat-completion, embedding, image, found "chat"',
    ],
    [
      'a kind for other columns',
      { encoding_format: 'float' },
      'columns[1].model_alias: expected a model of the generation type chat-completion, found "m", which is for embedding',
    ],
    [
      'a key in the body',
      { extra_body: { api_key: key } },
      'model_configs[0].inference_parameters.extra_body.api_key: expected no secret here',
    ],
  ])('is refused: %s', (_, inference_parameters, expected) => {
    const config = configOf(columns, { model_configs: [{ alias: 'm', model: 'x', provider: 'openai', inference_parameters }] })
    expect(errorsOf(config)[0]).toContain(expected)
    expect(errorsOf(config)).toHaveLength(1)
  })

  it('is sent extra_body, except what has no effect, which is said', () => {
    const extra_body = { seed: 1, n: 1, stream: true }
    const config = configOf(columns, {
      model_configs: [{ alias: 'm', model: 'x', provider: 'openai', inference_parameters: { extra_body } }],
    })
    expect(compile(config).compiled.models['m']?.extraBody).toEqual(extra_body)
    expect(warningsOf(config)).toEqual([
      'model_configs[0].inference_parameters.extra_body.stream: stream has no effect: answers are read whole',
    ])
  })

  it('without a provider is refused, whatever keys the environment holds', () => {
    const config = configOf(columns, { model_configs: [{ alias: 'm', model: 'x' }] })
    expect(errorsOf(config, { env: { OPENAI_API_KEY: 'x', NVIDIA_API_KEY: 'y' } })[0]).toBe(
      'model_configs[0].provider: expected a text, found nothing',
    )
  })

  it('has a unique alias', () => {
    const model = { alias: 'm', model: 'x', provider: 'openai' }
    expect(errorsOf(configOf(columns, { model_configs: [model, model] }))).toEqual([
      'model_configs[1].alias: expected unique aliases, found "m" twice',
    ])
  })

  it.each(['nvidia-text', 'openai-reasoning', 'openrouter-vision'])(
    'stands in by default under the alias %s, as in DataDesigner',
    (alias) => {
      const { compiled } = compile({ columns: [city, text('t', '{{ city }}', { model_alias: alias })] })
      expect(compiled.models[alias]?.target.provider.name).toBe(alias.split('-')[0])
    },
  )

  it('stands in by default only where the config lists none; a home file replaces the defaults', () => {
    const asked = [city, text('t', '{{ city }}', { model_alias: 'openai-text' })]
    expect(errorsOf(configOf(asked))[0]).toContain('Default aliases stand only in configs without model_configs')
    const homeModels = file({ model_configs: [{ alias: 'openai-text', model: 'mine', provider: 'ollama' }] })
    expect(compile({ columns: asked }, { homeModels }).compiled.models['openai-text']?.target).toMatchObject({
      model: 'mine',
      provider: { name: 'ollama' },
    })
    const others = file({ model_configs: [{ alias: 'mine', model: 'mine', provider: 'ollama' }] })
    expect(errorsOf({ columns: asked }, { homeModels: others })).toEqual([
      'columns[1].model_alias: no model config has the alias "openai-text". Known: mine.',
    ])
  })

  it('can be asked at another provider without a change to the config', () => {
    const rerouted = (provider: string): CompiledConfig =>
      compileConfig(applyProvider(parsedConfigOf(asking('openai')), provider), { env: {} })
    expect(rerouted('rehearsal').compiled.models['m']?.target).toMatchObject({ model: 'x', provider: { type: 'rehearsal' } })
    expect(rerouted('ollama').compiled.models['m']?.target.provider.name).toBe('ollama')
    expect(() => rerouted('ollma')).toThrow(/no provider has the name "ollma"\. Did you mean "ollama"\?/)
  })

  it('is warned of when it has a price but no use', () => {
    expect(warningsOf(asking('openai', { parquetry: { prices: { n: { input_per_million: 1, output_per_million: 2 } } } }))).toEqual([
      'parquetry.prices.n: no column uses the alias "n". Did you mean "m"?',
    ])
  })

  it('is held to its limits by the minute, which are stored and are no part of the fingerprint', () => {
    const limits = { m: { requests_per_minute: 60, tokens_per_minute: 90_000 } }
    const first = compile(asking('openai', { parquetry: { limits } }))
    expect(first.compiled.models['m']?.target).toMatchObject({ requestsPerMinute: 60, tokensPerMinute: 90_000 })
    expect(first.compiled.fingerprint).toEqual(compile(asking('openai')).compiled.fingerprint)
    const stored = [toBuilderConfig(first), toParquetryFile(first)].map((value) => JSON.parse(JSON.stringify(value)) as object)
    expect(compileStored(stored[0]!, stored[1]!)).toEqual(first.compiled)
    expect(errorsOf(asking('openai', { parquetry: { limits: { m: { requests_per_minute: 0 } } } }))).toEqual([
      'parquetry.limits.m.requests_per_minute: expected a number of more than 0, found 0',
    ])
    expect(warningsOf(asking('openai', { parquetry: { limits: { n: {} } } }))).toEqual([
      'parquetry.limits.n: no column uses the alias "n". Did you mean "m"?',
    ])
  })

  it('needs a price where the budget is money, and prices in one currency, but not for a rehearsal', () => {
    const budget = { money: 5 }
    const price = { input_per_million: 1, output_per_million: 2 }
    expect(errorsOf(asking('openai', { parquetry: { budget } }))).toEqual([
      expect.stringMatching(/^parquetry\.budget\.money: expected a price of every model .* found none for m; give parquetry\.prices/),
    ])
    const priced = asking('openai', { parquetry: { budget, prices: { m: price } } })
    expect(compile(priced).compiled.policies.budget).toEqual({ money: 5, tokens: null })
    expect(() =>
      compileConfig(applyProvider(parsedConfigOf(asking('openai', { parquetry: { budget } })), 'rehearsal'), { env: {} }),
    ).not.toThrow()
  })

  it('uses native structured output only when its alias is listed', () => {
    expect(compile(asking('openai', { parquetry: { native_structured_output: ['m'] } })).compiled.models['m']?.nativeStructuredOutput).toBe(
      true,
    )
  })
})
