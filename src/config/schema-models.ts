/** zod schemas of models and providers. */
import { z } from 'zod'

const anyMapping = z.record(z.string(), z.unknown())
const inference = {
  max_parallel_requests: z.int().min(1).default(4).describe('Calls open at once.'),
  timeout: z.int().min(1).nullable().default(null).describe('Seconds a call may take; null for 60.'),
  extra_body: anyMapping.nullable().default(null).describe('Further fields of the request.'),
} as const

const temperature = z.number().min(0).max(2)
const topP = z.number().min(0).max(1)

/** The distributions that a parameter may be drawn from, by type; every value is held to the bounds of `value`. */
const distributionsOf = (value: z.ZodNumber) =>
  ({
    uniform: z.strictObject({
      distribution_type: z.literal('uniform').default('uniform'),
      params: z.strictObject({ low: value, high: value.describe('Above low; not drawn itself.') }),
    }),
    manual: z.strictObject({
      distribution_type: z.literal('manual').default('manual'),
      params: z.strictObject({
        values: z.array(value).min(1),
        weights: z.array(z.number().min(0)).nullable().default(null).describe('One weight for each value; they need not sum to 1.'),
      }),
    }),
  }) as const

/** Drawn parameter → distribution type → its schema. Cross-field rules are in `drawn-parameters.ts`. */
export const drawnParameters = { temperature: distributionsOf(temperature), top_p: distributionsOf(topP) } as const

const drawn = ({ uniform, manual }: (typeof drawnParameters)['temperature']) =>
  z.union([uniform, manual]).describe('Drawn anew for every request, from the random stream of its row.')

const chatFields = {
  generation_type: z.literal('chat-completion').default('chat-completion'),
  ...inference,
  max_tokens: z.int().min(1).nullable().default(null),
} as const

/** Inference parameters of a chat model. */
export const chatInference = z.strictObject({
  ...chatFields,
  temperature: z
    .union([temperature, drawn(drawnParameters.temperature)])
    .nullable()
    .default(null),
  top_p: z
    .union([topP, drawn(drawnParameters.top_p)])
    .nullable()
    .default(null),
})
/** The same without distributions, which are read on their own, so that a mistake is reported against what is meant. */
const fixedChatInference = z.strictObject({
  ...chatFields,
  temperature: temperature.nullable().default(null),
  top_p: topP.nullable().default(null),
})
/** Inference parameters of an embedding model. */
export const embeddingInference = z.strictObject({
  generation_type: z.literal('embedding').default('embedding'),
  ...inference,
  encoding_format: z.enum(['float', 'base64']).default('float').describe('How vectors travel; base64 is 32-bit floats.'),
  dimensions: z.int().min(1).nullable().default(null).describe('Numbers in a vector; null for what the model gives.'),
})
/** Inference parameters of an image model; all else goes into extra_body. */
export const imageInference = z.strictObject({ generation_type: z.literal('image'), ...inference })

const modelFields = {
  alias: z.string().min(1),
  model: z.string().min(1).describe("The provider's name of the model."),
  provider: z
    .string()
    .min(1)
    .describe('Name of a provider: openai, nvidia, openrouter, anthropic, ollama, rehearsal, or one of model_providers.'),
  skip_health_check: z.boolean().default(false),
} as const

/** A model under an alias. */
export const modelConfig = z.strictObject({
  ...modelFields,
  inference_parameters: z.union([chatInference, embeddingInference, imageInference]).default(() => chatInference.parse({})),
})

/** The model config for one kind of inference parameters, so that a mistake is reported against the kind that is meant. */
export const modelConfigOf = {
  'chat-completion': z.strictObject({
    ...modelFields,
    inference_parameters: fixedChatInference.default(() => fixedChatInference.parse({})),
  }),
  embedding: z.strictObject({ ...modelFields, inference_parameters: embeddingInference }),
  image: z.strictObject({ ...modelFields, inference_parameters: imageInference }),
} as const

/** A provider of models. */
export const modelProvider = z.strictObject({
  name: z.string().min(1),
  endpoint: z.string().min(1).describe('Base URL, e.g. http://127.0.0.1:8000/v1'),
  provider_type: z.string().default('openai').describe('openai: any OpenAI-compatible endpoint; anthropic: the messages API.'),
  api_key: z.string().nullable().default(null).describe('Name of the environment variable that holds the key; never the key itself.'),
  extra_body: anyMapping.nullable().default(null),
  extra_headers: z.record(z.string(), z.string()).nullable().default(null),
})

/** A distribution that a parameter is drawn from, as read. */
export type Distribution = z.output<(typeof drawnParameters)['temperature'][keyof (typeof drawnParameters)['temperature']]>
/** A model as read: defaults filled in. */
export type ModelConfig = z.output<typeof modelConfig>
/** A provider as read. */
export type ModelProviderConfig = z.output<typeof modelProvider>
