/** Is the `output_format` of a column a JSON schema that can be judged by? */
import { Ajv } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'

const OPTIONS = { strict: false, logger: false, addUsedSchema: false } as const

/** Reports a schema that cannot be compiled: draft 7, 2019-09 or 2020-12, references within it only. */
export function checkOutputFormat(schema: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  if (Object.keys(schema).length === 0) {
    report.error(path, 'expected a JSON schema, found an empty mapping, which any answer fits')
    return
  }
  const { $schema: said, ...rest } = schema
  const dialect = typeof said === 'string' ? said : ''
  const drafts = /draft-0[67]/.test(dialect) ? [Ajv] : dialect.includes('2019-09') ? [Ajv2019] : dialect === '' ? [Ajv2020, Ajv] : [Ajv2020]
  let failure: unknown
  for (const Draft of drafts) {
    try {
      const ajv = new Draft(OPTIONS)
      ajvFormats.default(ajv)
      ajv.compile(rest)
      return
    } catch (error) {
      failure ??= error
    }
  }
  const found = failure instanceof Error ? failure.message : String(failure)
  report.error(
    path,
    `expected a JSON schema (draft 7, 2019-09 or 2020-12; references stay within it), found one that cannot be read: ${found}`,
  )
}
