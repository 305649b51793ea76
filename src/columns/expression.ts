/** The column kind `expression`: a Jinja template whose text is cast to the column's type. No model. */
import type { ExpressionColumn } from '../config/compiled.ts'
import { ParquetryError } from '../errors.ts'
import { compileTemplate, isBlank, readFloat, truncateDouble } from '../template/index.ts'
import type { Value, ValueType } from '../values.ts'
import type { CellGenerator } from './generator.ts'

/** Largest and smallest integer a column can hold. */
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/**
 * Compiles an expression column. `types` are the declared types of the columns it may read. Throws `TEMPLATE_INVALID`; the
 * generator throws `TEMPLATE_FAILED`, `EXPRESSION_EMPTY` or `EXPRESSION_CAST`, each of which drops the row.
 */
export function compileExpression(column: ExpressionColumn, types: Readonly<Record<string, ValueType>>): CellGenerator {
  const template = compileTemplate(column.expr, { types })
  const { references } = template
  return {
    column: column.name,
    inputs: references,
    isSync: true,
    generate(row) {
      const values: Record<string, Value> = Object.create(null) as Record<string, Value>
      for (const name of references) values[name] = row.get(name)
      let stream: ReturnType<typeof row.random> | undefined
      const random = (): number => (stream ??= row.random()).next()
      return castExpression(column, template.render(values, { random }))
    },
  }
}

/**
 * The text as a value of the column's `dtype`: int is `int(float(text))`, bool is the truth of that for numbers and otherwise whether
 * the text is "true" in any case. Plain digits are cast exactly, where Python would go through a float. Throws `EXPRESSION_EMPTY` for
 * blank texts and `None`, `EXPRESSION_CAST` for what does not fit, NaN and infinities included.
 */
export function castExpression(column: Pick<ExpressionColumn, 'name' | 'dtype'>, text: string): Value {
  if (isBlank(text) || text.trim() === 'None') {
    throw new ParquetryError('EXPRESSION_EMPTY', `Column \`${column.name}\`: expected a value, found ${JSON.stringify(text.slice(0, 20))}.`)
  }
  switch (column.dtype) {
    case 'str':
      return text
    case 'float': {
      const value = readFloat(text)
      if (value === null || !Number.isFinite(value)) throw castFailure(column, text)
      return value
    }
    case 'int':
      return castInteger(column, text)
    case 'bool':
      return castBoolean(column, text)
  }
}

function castInteger(column: Pick<ExpressionColumn, 'name' | 'dtype'>, text: string): Value {
  const digits = /^\s*([+-]?\d+)(?:\.0*)?\s*$/.exec(text)?.[1]
  const float = digits === undefined ? readFloat(text) : null
  const value =
    digits !== undefined && digits.length <= 20 ? BigInt(digits.replace('+', '')) : float === null ? null : truncateDouble(float)
  if (value === null || value > INT64_MAX || value < INT64_MIN) throw castFailure(column, text)
  return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value)
}

function castBoolean(column: Pick<ExpressionColumn, 'name' | 'dtype'>, text: string): boolean {
  const value = readFloat(text)
  if (value === null) return text.trim().toLowerCase() === 'true'
  const whole = truncateDouble(value)
  if (whole === null) throw castFailure(column, text)
  return whole !== 0 && whole !== 0n
}

function castFailure(column: Pick<ExpressionColumn, 'name' | 'dtype'>, text: string): ParquetryError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return new ParquetryError(
    'EXPRESSION_CAST',
    `Column \`${column.name}\`: expected a text that casts to ${column.dtype}, found ${JSON.stringify(shown)}.`,
    {
      wayOut: 'Correct the expression, or give the column the dtype str.',
    },
  )
}
