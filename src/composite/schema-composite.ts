/** zod schemas of a composite's file: `name` and `stages`, with the parameter names of DataDesigner's `add_stage`. */
import { z } from 'zod'
import { indexRange, partitionBlock } from '../config/schema-seed.ts'

/** A stage as it stands in the file; its config is read by itself. */
export const stageFrame = z.strictObject({
  name: z.string().min(1).describe('Becomes part of its folder, stage-<index>-<name>.'),
  config: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .describe('A config as `create` takes it: a file (relative to this one) or the mapping itself.'),
  num_records: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Rows. Default: as many as the stage before it gives, or 10 for a stage that begins by itself.'),
  depends_on: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Name of the stage whose output seeds it. Default: the stage before it.'),
  output: z
    .string()
    .regex(/^(?:final|processor:.+)$/s)
    .default('final')
    .describe('What the next stage is given: final, or processor:<name> for what a processor of the config leaves.'),
  sampling_strategy: z.enum(['ordered', 'shuffle']).default('ordered').describe('Order in which the rows given are taken.'),
  selection_strategy: z.union([indexRange, partitionBlock]).nullable().default(null).describe('Which of the rows given are taken.'),
  allow_empty: z.boolean().default(false).describe('Whether no row at all counts as complete; what follows is then skipped.'),
})

/** The file around its stages. */
export const compositeFrame = z.strictObject({
  name: z.string().min(1).describe('Folder of the composite below the artifact path.'),
  stages: z.array(z.record(z.string(), z.unknown())).min(1),
})

/** A stage as read. */
export type StageFrame = z.output<typeof stageFrame>
