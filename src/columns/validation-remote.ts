/** Columns that hold what a validator elsewhere says of a row. */
import type { RemoteValidationColumn } from '../config/compiled.ts'
import { ParquetryError } from '../errors.ts'
import type { ValueType } from '../values.ts'
import type { CellGenerator, RemoteValidation } from './generator.ts'
import { compileJsonJudge } from './json-schema-judge.ts'
import { normaliseValue } from './normalise-value.ts'
import { pruneUnknown } from './prune-unknown.ts'

/**
 * Compiles the column. A record is the row's target columns by name; a cell is the validator's result for it, without properties that
 * the schema does not name, or all of it as JSON where there is none. Throws `CONFIG_INVALID` for a schema that cannot be read; cells
 * throw `VALIDATOR_REFUSED` and `VALIDATOR_UNAVAILABLE`.
 */
export function compileRemoteValidation(column: RemoteValidationColumn, type: ValueType): CellGenerator {
  const { target_columns: targets, validator_params: params } = column
  const read = compileReader(column, type)
  const validator = { column: column.name, ...params, batch_size: column.batch_size }
  return {
    column: column.name,
    inputs: targets,
    isSync: false,
    generate(row, { validate }) {
      if (validate === undefined) throw new ParquetryError('INTERNAL', `Column "${column.name}": expected remote validators, found none.`)
      return validate({ validator, record: Object.fromEntries(targets.map((target) => [target, row.get(target)])), read })
    },
  }
}

/** Judges and reads one result of a whole answer. */
function compileReader(
  { name, validator_params: { output_schema: schema } }: RemoteValidationColumn,
  type: ValueType,
): RemoteValidation['read'] {
  const judge = schema === null ? null : compileJsonJudge(schema, `columns.${name}.validator_params.output_schema`)
  return (result) => {
    if (typeof result !== 'object' || result === null || !isVerdict((result as { is_valid?: unknown }).is_valid)) {
      return { isUsable: false, message: 'expected an object with is_valid: true, false or null' }
    }
    let data: unknown = result
    if (schema !== null && judge !== null) {
      const answer = pruneUnknown({ data: [result] }, schema) as { readonly data?: readonly unknown[] }
      const complaint = judge(answer)
      if (complaint !== undefined) return { isUsable: false, message: `it does not fit output_schema: ${complaint}` }
      data = answer.data?.[0]
    }
    const normalised = normaliseValue(data, type)
    return normalised.isHeld ? { isUsable: true, value: normalised.value } : { isUsable: false, message: normalised.message }
  }
}

function isVerdict(value: unknown): boolean {
  return value === null || typeof value === 'boolean'
}
