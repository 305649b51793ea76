/** Validation columns: reading them, what they must agree on with the columns they judge, and the type of their cells. */
import { CHECKED_LANGUAGES, codeResultType } from '../plan/code-checks.ts'
import type { ValueType } from '../values.ts'
import { checkOutputFormat } from './check-output-format.ts'
import type { ValidationColumn } from './compiled.ts'
import { readPart, reportTag } from './issues.ts'
import { outputValueType } from './output-types.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import { checkEndpoint } from './providers.ts'
import type { Placed } from './read-config.ts'
import { CODE_LANGUAGES, validationColumns } from './schema-columns.ts'
import type { ColumnConfig, ValidationColumnConfig } from './schema-columns.ts'

/** Reads a validation column, or reports what is wrong with it. */
export function readValidation(column: Readonly<Record<string, unknown>>, path: Path, report: Report): ValidationColumnConfig | null {
  const { validator_type: type, validator_params: params } = column
  if (type === 'local_callable') {
    report.error(
      [...path, 'validator_type'],
      'expected code or remote, found "local_callable", a Python function, which a file cannot hold. ' +
        'Serve the function over HTTP and name it with validator_type: remote, or write the check as a custom column in TypeScript',
    )
    return null
  }
  if (type !== 'code' && type !== 'remote') {
    reportTag(type, ['code', 'remote'], [...path, 'validator_type'], report)
    return null
  }
  const language = isMapping(params) ? params['code_lang'] : undefined
  if (type === 'code' && isUncheckable(language)) {
    report.error(
      [...path, 'validator_params', 'code_lang'],
      `code can be checked in ${CHECKED_LANGUAGES.join(', ')}, found "${language}"; for another language use validator_type: remote`,
    )
    return null
  }
  return readPart(validationColumns[type], column, path, report)
}

/** A language in which code is written but cannot be checked. */
function isUncheckable(language: unknown): language is string {
  const isIn = (list: readonly string[]): boolean => typeof language === 'string' && list.includes(language)
  return isIn(CODE_LANGUAGES) && !isIn(CHECKED_LANGUAGES)
}

/** Reports what a validation column cannot work with; whether its targets are there is checked with the references. */
export function checkValidation(
  column: ValidationColumnConfig,
  path: Path,
  columns: readonly Placed<ColumnConfig>[],
  report: Report,
): void {
  const seen = new Set<string>()
  for (const [index, target] of column.target_columns.entries()) {
    if (seen.has(target)) report.error([...path, 'target_columns', index], `expected unique columns, found "${target}" twice`)
    seen.add(target)
  }
  if (column.validator_type === 'remote') checkRemote(column.validator_params, [...path, 'validator_params'], report)
  else checkLanguages(column, path, columns, report)
}

function checkLanguages(
  { target_columns, validator_params: { code_lang } }: Extract<ValidationColumnConfig, { validator_type: 'code' }>,
  path: Path,
  columns: readonly Placed<ColumnConfig>[],
  report: Report,
): void {
  for (const [index, target] of target_columns.entries()) {
    const made = columns.find(({ part }) => part.name === target)?.part
    if (made === undefined) continue
    const place = [...path, 'target_columns', index]
    if (made.column_type !== 'llm-code') {
      report.warn(
        place,
        `"${target}" is checked as ${code_lang} code, but it comes from a column of type ${made.column_type}, not llm-code`,
      )
    } else if (made.code_lang !== code_lang) {
      report.error(place, `"${target}" is checked as ${code_lang}, but it is written in ${made.code_lang}; give both the same code_lang`)
    }
  }
}

function checkRemote(
  { endpoint_url, output_schema }: Extract<ValidationColumnConfig, { validator_type: 'remote' }>['validator_params'],
  path: Path,
  report: Report,
): void {
  checkEndpoint(endpoint_url, [...path, 'endpoint_url'], report)
  if (output_schema === null) return
  const place = [...path, 'output_schema']
  checkOutputFormat(output_schema, place, report)
  const type = remoteType(output_schema)
  if (type.kind === 'group' && !type.fields.some(({ name }) => name === 'is_valid')) {
    report.error(place, 'expected the schema of a whole answer whose data are objects with is_valid, found them without it')
  }
}

/**
 * The declared type of a validation column: a group for code, with a field for each target where there are several; for a remote
 * validator what its schema says of one result, else JSON.
 */
export function validationType(column: ValidationColumn): ValueType {
  if (column.validator_type === 'remote') return remoteType(column.validator_params.output_schema)
  const type = codeResultType(column.validator_params.code_lang)
  const { target_columns: targets } = column
  return targets.length === 1 ? type : { kind: 'group', fields: targets.map((name) => ({ name, type })) }
}

function remoteType(schema: Readonly<Record<string, unknown>> | null): ValueType {
  const whole = schema === null ? null : outputValueType(schema)
  const data = whole?.kind === 'group' ? whole.fields.find(({ name }) => name === 'data')?.type : undefined
  return data?.kind === 'list' ? data.element : { kind: 'json' }
}
