/** What the rest of Parquetry uses of processors. */
export { dropColumns, unmatchedNames } from './drop-columns.ts'
export { compileSchemaTransform, type SchemaTransform } from './schema-transform.ts'
