/** zod schemas of models and providers. */
import { z } from 'zod'

const anyMapping = z.record(z.string(), z.unknown())
const inference = {
  max_parallel_requests: z.int().min(1).default(4).describe('Calls open at once.'),
  timeout: z.int().min(1).nullable().default(null).describe('Seconds a call may take; null for 60.'),
  extra_body: anyMapping.nullable().default(null).describe('Further fields of the request.'),
} as const

/** Inference parameters of a chat model. */
export const chatInference = z.strictObject({
  generation_type: z.literal('chat-completion').default('chat-completion'),
  ...inference,
  temperature: z.number().min(0).max(2).nullable().default(null),
  top_p: z.number().min(0).max(1).nullable().default(null),
  max_tokens: z.int().min(1).nullable().default(null),
})
/** Inference parameters of an embedding model; accepted, so that a list of models can be shared, but no column uses them yet. */
export const embeddingInference = z.strictObject({
  generation_type: z.literal('embedding').default('embedding'),
  ...inference,
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().nullable().default(null),
})
/** Inference parameters of an image model; accepted as those of an embedding model. */
export const imageInference = z.strictObject({ generation_type: z.literal('image'), ...inference })

const modelFields = {
  alias: z.string().min(1),
  model: z.string().min(1).describe("The provider's name of the model."),
  provider: z.string().min(1).describe('Name of a provider: openai, nvidia, openrouter, ollama, rehearsal, or one of model_providers.'),
  skip_health_check: z.boolean().default(false),
} as const

/** A model under an alias. */
export const modelConfig = z.strictObject({
  ...modelFields,
  inference_parameters: z.union([chatInference, embeddingInference, imageInference]).default(() => chatInference.parse({})),
})

/** The model config for one kind of inference parameters, so that a mistake is reported against the kind that is meant. */
export const modelConfigOf = {
  'chat-completion': z.strictObject({ ...modelFields, inference_parameters: chatInference.default(() => chatInference.parse({})) }),
  embedding: z.strictObject({ ...modelFields, inference_parameters: embeddingInference }),
  image: z.strictObject({ ...modelFields, inference_parameters: imageInference }),
} as const

/** A provider of models. */
export const modelProvider = z.strictObject({
  name: z.string().min(1),
  endpoint: z.string().min(1).describe('Base URL, e.g. http://127.0.0.1:8000/v1'),
  provider_type: z.string().default('openai').describe('openai: any OpenAI-compatible endpoint.'),
  api_key: z.string().nullable().default(null).describe('Name of the environment variable that holds the key; never the key itself.'),
  extra_body: anyMapping.nullable().default(null),
  extra_headers: z.record(z.string(), z.string()).nullable().default(null),
})

/** A model as read: defaults filled in. */
export type ModelConfig = z.output<typeof modelConfig>
/** A provider as read. */
export type ModelProviderConfig = z.output<typeof modelProvider>
