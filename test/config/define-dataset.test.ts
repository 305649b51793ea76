import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineDataset } from '../../src/config/define-dataset.ts'
import { editorSchema, editorSchemaText } from '../../src/config/json-schema.ts'
import { parseText } from '../../src/config/parse-text.ts'
import { compile } from './builders.ts'

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

describe('defineDataset', () => {
  it('takes the names of the file, and zod schemas for answers', () => {
    const config = defineDataset({
      columns: [
        { name: 'city', column_type: 'sampler', sampler_type: 'category', params: { values: ['Rome', 'Oslo'] } },
        {
          name: 'facts',
          column_type: 'llm-structured',
          model_alias: 'openai-text',
          prompt: '{{ city }}',
          output_format: z.object({ mayor: z.string(), people: z.int(), note: z.string().nullable() }),
        },
      ],
      parquetry: { seed: 1 },
    })
    expect(compile(config).compiled.types['facts']).toEqual({
      kind: 'group',
      fields: [
        { name: 'mayor', type: { kind: 'string' } },
        { name: 'people', type: { kind: 'int64' } },
        { name: 'note', type: { kind: 'string' } },
      ],
    })
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
  })

  it('has types that refuse a misspelt field', () => {
    const config = defineDataset({
      // @ts-expect-error sampler_typ is no field
      columns: [{ name: 'city', column_type: 'sampler', sampler_typ: 'category', params: { values: ['Rome'] } }],
    })
    expect(() => compile(config)).toThrow(/sampler_type/)
  })
})

describe('the JSON schema for editors', () => {
  it('is the committed one; write it anew with npm run schema', async () => {
    // Compared by content: the formatter breaks lines in its own way.
    expect(JSON.parse(await readFile(root('schema/parquetry.schema.json'), 'utf8'))).toEqual(JSON.parse(editorSchemaText()))
  })

  it.each(['product-reviews', 'support-tickets', 'iot-readings'])('accepts %s and underlines a misspelt field in it', async (name) => {
    const validate = new Ajv2020({ strict: false }).compile(editorSchema())
    const config = parseText(await readFile(root(`examples/${name}.yaml`), 'utf8'), name) as Record<string, unknown>
    expect(validate(config), JSON.stringify(validate.errors)).toBe(true)
    expect(validate({ ...config, parquetri: {} })).toBe(false)
  })
})
