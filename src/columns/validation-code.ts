/** Columns that say of code in other columns whether it is well formed, and what a linter finds in it. */
import type { CodeValidationColumn } from '../config/compiled.ts'
import { ParquetryError } from '../errors.ts'
import type { Value } from '../values.ts'
import type { CellGenerator, CellPorts, CellRow } from './generator.ts'

/**
 * Compiles the column. A cell is the result for its target; of several targets a group with the result of each, by this row's own
 * code. Where a target is null there is nothing to check, and the result is null. Cells throw `CODE_UNCHECKABLE`.
 */
export function compileCodeValidation(column: CodeValidationColumn): CellGenerator {
  const { target_columns: targets, validator_params: params } = column

  async function check(target: string, row: CellRow, { checkCode }: CellPorts): Promise<Value> {
    if (checkCode === undefined) throw new ParquetryError('INTERNAL', `Column "${column.name}": expected a checker of code, found none.`)
    const value = row.get(target)
    if (value === null) return null
    // A result is a value: its type says so (`codeResultType`).
    return (await checkCode(params.code_lang, typeof value === 'string' ? value : JSON.stringify(value, numberAsText))) as unknown as Value
  }

  return {
    column: column.name,
    inputs: targets,
    isSync: false,
    async generate(row, ports) {
      if (targets.length === 1) return await check(targets[0]!, row, ports)
      const results: Record<string, Value> = {}
      for (const target of targets) results[target] = await check(target, row, ports)
      return results
    },
  }
}

function numberAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
