/** From zod's findings to problems that say what was expected, what was found and what was probably meant. */
import type { z } from 'zod'
import { isMapping, valueAt } from './paths.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import { suggest } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** Reads one part of a config, or reports all that is wrong with it under `path` and returns null. */
export function readPart<Schema extends z.ZodType>(schema: Schema, value: unknown, path: Path, report: Report): z.output<Schema> | null {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues) reportIssue(schema, issue, value, path, report)
  return null
}

function reportIssue(schema: z.ZodType, issue: Issue, root: unknown, base: Path, report: Report): void {
  const within = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const path = [...base, ...within]
  const found = valueAt(root, within)
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, within)
    for (const key of issue.keys) reportUnknownField(key, known, path, report)
  } else if (issue.code === 'invalid_union') {
    reportUnion(schema, issue, root, base, report)
  } else if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    for (const inner of issue.issues) reportIssue(schema, { ...inner, path: [...issue.path, ...inner.path] } as Issue, root, base, report)
  } else {
    const isMissing = found === undefined && within.length > 0
    report.error(path, `expected ${expectedOf(issue)}, found ${isMissing ? 'nothing' : describe(found, path)}${hintOf(issue, found)}`)
  }
}

/** Reports a field that the mapping at `path` does not have. */
export function reportUnknownField(field: string, known: readonly string[], path: Path, report: Report): void {
  const list = known.length === 0 ? '' : ` Known here: ${known.join(', ')}.`
  report.error([...path, field], `unknown field "${field}".${suggest(field, known) || list}`)
}

/** Reports a tag, such as a column_type, that is none of the known ones. */
export function reportTag(found: unknown, known: readonly string[], path: Path, report: Report): void {
  const text = typeof found === 'string' ? `"${found}"` : found === undefined || found === null ? 'nothing' : 'something else'
  const hint = typeof found === 'string' ? suggest(found, known) : ''
  report.error(path, `expected one of ${known.join(', ')}, found ${text}${hint === '' ? '' : `.${hint}`}`)
}

/** A union of which no branch fits: when every branch stops at the value itself, the alternatives are listed. */
function reportUnion(schema: z.ZodType, issue: Extract<Issue, { code: 'invalid_union' }>, root: unknown, base: Path, report: Report): void {
  const within = issue.path.map(String)
  const numbered = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const found = valueAt(root, numbered)
  const deep = issue.errors.find((errors) => errors.length > 0 && errors.every((inner) => inner.path.length > 0))
  if (deep !== undefined) {
    for (const inner of deep) reportIssue(schema, { ...inner, path: [...issue.path, ...inner.path] } as Issue, root, base, report)
    return
  }
  const expected = [...new Set(issue.errors.flatMap((errors) => errors.filter((inner) => inner.path.length === 0).map(expectedOf)))]
  const isMissing = found === undefined && within.length > 0
  const path = [...base, ...numbered]
  report.error(path, `expected ${expected.join(' or ') || 'another value'}, found ${isMissing ? 'nothing' : describe(found, path)}`)
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'null',
  never: 'nothing',
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.length === 1 ? shown(issue.values[0]) : `one of ${issue.values.map(shown).join(', ')}`
    case 'too_small':
      return sizeText(issue.origin, issue.exact === true ? 'exactly' : issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return sizeText(issue.origin, issue.exact === true ? 'exactly' : issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'invalid_format':
      return issue.format === 'regex' ? 'a text like 1%' : `a text in the form ${issue.format}`
    case 'custom':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
      return issue.message
  }
}

function sizeText(origin: string, relation: string, size: number | bigint): string {
  if (origin === 'array' || origin === 'tuple') return `a list of ${relation} ${size} ${size === 1 ? 'item' : 'items'}`
  if (origin === 'string')
    return size === 1 && relation === 'at least' ? 'a text that is not empty' : `a text of ${relation} ${size} characters`
  return `a number of ${relation} ${size}`
}

function hintOf(issue: Issue, found: unknown): string {
  if (issue.code === 'invalid_value' && typeof found === 'string') {
    const hint = suggest(found, issue.values.map(String))
    return hint === '' ? '' : `.${hint}`
  }
  if (issue.code !== 'invalid_type' || typeof found !== 'string') return ''
  if (issue.expected === 'boolean' && /^(?:yes|no|on|off|true|false)$/i.test(found))
    return `; write ${/^(?:yes|on|true)$/i.test(found) ? 'true' : 'false'}`
  const isNumberWanted = issue.expected === 'number' || issue.expected === 'int'
  return isNumberWanted && found.trim() !== '' && Number.isFinite(Number(found)) ? '; remove the quotes' : ''
}

/** Fields under which a secret may stand are never shown. */
const SECRET_FIELD = /key|token|secret|password|header|auth/i

/** What was found, short; never the content of a field that may hold a secret. */
export function describe(found: unknown, path: Path): string {
  if (typeof found === 'number' || typeof found === 'boolean') return shown(found)
  if (path.some((part) => typeof part === 'string' && SECRET_FIELD.test(part)))
    return `${kindOf(found)}${found === null ? '' : ' (not shown)'}`
  if (typeof found === 'string') return shown(found)
  return kindOf(found)
}

function kindOf(found: unknown): string {
  if (found === null || found === undefined) return 'nothing'
  if (Array.isArray(found)) return found.length === 0 ? 'an empty list' : 'a list'
  return isMapping(found) ? 'a mapping' : `a ${typeof found}`
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

/** Names of the fields a schema knows at a path; empty where it takes any. */
function fieldsAt(schema: z.ZodType, path: Path): readonly string[] {
  let inner: z.core.$ZodType | undefined = schema
  for (const part of path) inner = childOf(unwrap(inner), part)
  const at = unwrap(inner)
  return at?._zod.def.type === 'object' ? Object.keys((at._zod.def as z.core.$ZodObjectDef).shape) : []
}

function childOf(schema: z.core.$ZodType | undefined, part: string | number): z.core.$ZodType | undefined {
  const def = schema?._zod.def
  if (def?.type === 'object') return (def as z.core.$ZodObjectDef).shape[String(part)]
  if (def?.type === 'record') return (def as z.core.$ZodRecordDef).valueType
  return def?.type === 'array' ? (def as z.core.$ZodArrayDef).element : undefined
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let inner = schema
  while (inner !== undefined && 'innerType' in inner._zod.def)
    inner = (inner._zod.def as unknown as { innerType: z.core.$ZodType }).innerType
  return inner
}
