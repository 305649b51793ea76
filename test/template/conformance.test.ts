import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isParquetryError } from '../../src/errors.ts'
import { treeMeasure } from '../../src/template/measure.ts'
import { parseTemplate } from '../../src/template/parse.ts'
import { parsePythonJson } from '../../src/template/json-text.ts'
import { Float, type Runtime } from '../../src/template/runtime-values.ts'
import { compileTemplate } from '../../src/template/template.ts'
import type { Value, ValueType } from '../../src/values.ts'

interface Case {
  readonly name: string
  readonly template: string
  readonly expected?: string
  readonly error?: string
  readonly size: number
  readonly depth: number
  readonly references: readonly string[]
}

const document = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as {
  readonly values: Readonly<Record<string, string>>
  readonly cases: readonly Case[]
}

/** A Python value as a cell, and the type a column would declare for it. */
function toCell(value: Runtime): { readonly value: Value; readonly type: ValueType } {
  if (value instanceof Float) return { value: value.value, type: { kind: 'double' } }
  if (Array.isArray(value)) {
    const cells = (value as readonly Runtime[]).map(toCell)
    const kinds = new Set(cells.map((cell) => JSON.stringify(cell.type)))
    const type: ValueType = kinds.size === 1 ? { kind: 'list', element: (cells[0] as { type: ValueType }).type } : { kind: 'json' }
    return { value: cells.map((cell) => cell.value), type }
  }
  if (value instanceof Map) {
    const fields = [...value].map(([name, field]) => ({ name: String(name), ...toCell(field as Runtime) }))
    return {
      value: Object.fromEntries(fields.map((field) => [field.name, field.value])),
      type: { kind: 'group', fields: fields.map(({ name, type }) => ({ name, type })) },
    }
  }
  return { value: value as Value, type: { kind: typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'int64' } }
}

const cells = Object.entries(document.values).map(([name, json]) => [name, toCell(parsePythonJson(json) as Runtime)] as const)
const values = Object.fromEntries(cells.map(([name, cell]) => [name, cell.value]))
const types = Object.fromEntries(cells.map(([name, cell]) => [name, cell.type]))

function outcome(template: string): string {
  return compileTemplate(template, { types }).render(values, { random: () => 0.3 })
}

describe('what Jinja2 itself makes of a template', () => {
  it.each(document.cases.filter((one) => one.expected !== undefined))('$name: $template', ({ template, expected }) => {
    expect(outcome(template)).toBe(expected)
  })

  it.each(document.cases.filter((one) => one.error !== undefined))('$name fails as there with $error: $template', ({ template }) => {
    expect(() => outcome(template)).toThrow(expect.objectContaining({ name: 'ParquetryError' }))
  })
})

describe('what Jinja2 says about a template', () => {
  const compiled = document.cases.flatMap((one) => {
    try {
      return [{ ...one, template: compileTemplate(one.template), statements: parseTemplate(one.template, false) }]
    } catch (error) {
      if (isParquetryError(error) && one.error !== undefined) return []
      throw error
    }
  })

  it('the names it reads are the same', () => {
    expect(compiled.map((one) => [one.name, one.template.references])).toEqual(compiled.map((one) => [one.name, one.references]))
  })

  it('nodes and depth are counted alike', () => {
    expect(compiled.length).toBeGreaterThan(150)
    expect(compiled.map((one) => [one.name, treeMeasure(one.statements)])).toEqual(
      compiled.map((one) => [one.name, { size: one.size, depth: one.depth }]),
    )
  })
})
