/** zod schemas of what is shown to a model beside the words. */
import { z } from 'zod'

const common = {
  column_name: z.string().describe('Column with a file, address or base64, or with a list of them, also as JSON.'),
  data_type: z.enum(['url', 'base64']).nullable().default(null).describe('null: told by each value.'),
} as const

/** The kinds of context. */
export const mediaContexts = {
  image: z.strictObject({
    modality: z.literal('image'),
    ...common,
    image_format: z.enum(['png', 'jpg', 'jpeg', 'gif', 'webp']).nullable().default(null).describe('Needed where data_type is base64.'),
  }),
  audio: z.strictObject({
    modality: z.literal('audio'),
    ...common,
    audio_format: z.enum(['mp3', 'wav']).nullable().default(null).describe('Needed for base64 that is no data URI.'),
  }),
  video: z.strictObject({
    modality: z.literal('video'),
    ...common,
    video_format: z.enum(['mp4', 'mov', 'webm']).nullable().default(null).describe('Needed for base64 that is no data URI.'),
  }),
} as const

/** The list as it stands in a column. */
export const multiModalContexts = z
  .array(z.discriminatedUnion('modality', [mediaContexts.image, mediaContexts.audio, mediaContexts.video]))
  .nullable()
  .default(null)
  .describe('Columns whose pictures, sounds or films are shown to the model before the prompt.')

/** A context as read. */
export type MediaContextConfig = NonNullable<z.output<typeof multiModalContexts>>[number]
