/** What `parquetry.json` records of seed data, so that their columns are known without them. */
import { z } from 'zod'
import type { SeedFacts } from '../seed/source.ts'
import type { ValueType } from '../values.ts'

/** A declared type, as files hold it. */
export const valueType: z.ZodType<ValueType> = z.lazy(() =>
  z.union([
    z.object({ kind: z.enum(['string', 'int64', 'double', 'boolean', 'timestamp', 'json']) }),
    z.object({ kind: z.literal('list'), element: valueType }),
    z.object({ kind: z.literal('group'), fields: z.array(z.object({ name: z.string(), type: valueType })) }),
  ]),
)

/** As `SeedFacts`. Notes were said once. */
export const seedFacts: z.ZodType<SeedFacts> = z.object({
  schema: z.array(z.object({ name: z.string(), type: valueType })),
  rowCount: z.int().min(0),
  contentHash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  files: z.array(z.object({ path: z.string(), sizeBytes: z.number(), modifiedMs: z.number() })),
  notes: z.array(z.string()).transform((): readonly string[] => []),
})
