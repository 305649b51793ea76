/** The JSON schema of config files, for editors: completion, and mistakes underlined while typing. */
import { z } from 'zod'
import { configFile } from './schema.ts'

/** The schema, made from the zod schema; what only shows between fields is left to `parquetry validate`. */
export function editorSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configFile, { io: 'input', reused: 'ref' })
  return {
    $schema: schema['$schema'],
    title: 'Parquetry config',
    description: "DataDesigner's config, wrapped or as shorthand, and Parquetry's settings.",
    ...schema,
  }
}

/** The text of `schema/parquetry.schema.json`. */
export function editorSchemaText(): string {
  return `${JSON.stringify(editorSchema(), null, 2)}\n`
}
