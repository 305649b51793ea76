/** What the rest of Parquetry uses of processors. */
export { HashIndex } from './hash-index.ts'
export { SIGNATURE_SIZE, signatureOf } from './min-hash.ts'
export { NearIndex } from './near-index.ts'
export { createRowText, jsonOf } from './row-text.ts'
export { createTableBuilder, type TableBuilder } from './table-builder.ts'
export { compileSchemaTransform, type SchemaTransform } from './schema-transform.ts'
