/** Writes `schema/parquetry.schema.json` anew: `npm run schema`, from the root of the package, after a build. */
import { mkdir, writeFile } from 'node:fs/promises'
import { editorSchemaText } from './json-schema.ts'

await mkdir('schema', { recursive: true })
await writeFile('schema/parquetry.schema.json', editorSchemaText())
