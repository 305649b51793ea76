/** DataDesigner's default providers and model aliases (0.9.6), and the providers we add. */
import { chatInference, embeddingInference } from './schema-models.ts'
import type { ModelConfig } from './schema-models.ts'
import type { ModelProviderTarget } from '../model/client.ts'

/** Name of the provider that answers with labelled text, calls nobody and bills nothing. */
export const REHEARSAL = 'rehearsal'

const builtIn = (name: string, type: ModelProviderTarget['type'], endpoint: string, apiKeyEnv: string | null): ModelProviderTarget => ({
  name,
  endpoint,
  type,
  apiKeyEnv,
  extraHeaders: {},
  extraBody: {},
})

/** Providers that need no configuration, in the order in which they are listed to people. */
export const BUILT_IN_PROVIDERS: readonly ModelProviderTarget[] = [
  builtIn('openai', 'openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY'),
  builtIn('nvidia', 'openai', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY'),
  builtIn('openrouter', 'openai', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
  builtIn('anthropic', 'anthropic', 'https://api.anthropic.com/v1', 'ANTHROPIC_API_KEY'),
  builtIn('ollama', 'openai', 'http://localhost:11434/v1', null),
  builtIn(REHEARSAL, 'rehearsal', '', null),
]

const warm = { temperature: 0.85, top_p: 0.95 }
const reasoningMedium = { extra_body: { reasoning_effort: 'medium' } }

const chat = (alias: string, model: string, parameters: Readonly<Record<string, unknown>>): ModelConfig => ({
  alias,
  model,
  provider: alias.slice(0, alias.indexOf('-')),
  skip_health_check: false,
  inference_parameters: chatInference.parse(parameters),
})
const embedding = (alias: string, model: string, parameters: Readonly<Record<string, unknown>> = {}): ModelConfig => ({
  ...chat(alias, model, {}),
  inference_parameters: embeddingInference.parse(parameters),
})

/** The aliases `{provider}-{text|reasoning|vision|embedding}` that a config without model_configs may use. */
export const DEFAULT_MODELS: readonly ModelConfig[] = [
  chat('nvidia-text', 'nvidia/nemotron-3.5-lightning-30b-a3b', {
    temperature: 1,
    top_p: 0.95,
    extra_body: { chat_template_kwargs: { enable_thinking: false } },
  }),
  chat('nvidia-reasoning', 'nvidia/nemotron-3-super-120b-a12b', { temperature: 1, top_p: 0.95, ...reasoningMedium }),
  chat('nvidia-vision', 'nvidia/nemotron-3-nano-omni-30b-a3b-reasoning', { temperature: 0.6, top_p: 0.95 }),
  embedding('nvidia-embedding', 'nvidia/nemotron-3-embed-1b', { extra_body: { input_type: 'query' } }),
  chat('openai-text', 'gpt-4.1', warm),
  chat('openai-reasoning', 'gpt-5', reasoningMedium),
  chat('openai-vision', 'gpt-5', reasoningMedium),
  embedding('openai-embedding', 'text-embedding-3-large'),
  chat('openrouter-text', 'nvidia/nemotron-3-nano-30b-a3b', { temperature: 1, top_p: 1 }),
  chat('openrouter-reasoning', 'openai/gpt-oss-20b', { temperature: 0.35, top_p: 0.95 }),
  chat('openrouter-vision', 'nvidia/nemotron-3-nano-omni-30b-a3b-reasoning:free', { temperature: 0.6, top_p: 0.95 }),
  embedding('openrouter-embedding', 'openai/text-embedding-3-large'),
]
