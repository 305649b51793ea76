/** Profilers: what is said of a finished dataset beyond its statistics. They change no value, so they are not in the fingerprint. */
import { z } from 'zod'

/** Summaries of judge scores, as DataDesigner's only kind of profiler. */
export const judgeScoreProfiler = z.strictObject({
  model_alias: z.string().describe('Alias of the model that writes the summaries.'),
  summary_score_sample_size: z
    .int()
    .min(1)
    .nullable()
    .default(20)
    .describe('Rows whose reasons a summary is made from; null for score distributions without summaries.'),
})

/** A profiler as read. */
export type ProfilerConfig = z.output<typeof judgeScoreProfiler>
