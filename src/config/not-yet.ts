/** What DataDesigner has and this release has not: refused by name, never ignored. */
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'

/** Column kinds to come. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  'llm-code': 'code columns',
  'llm-judge': 'judge columns',
  validation: 'validation columns',
  embedding: 'embedding columns',
  image: 'image columns',
  custom: 'custom columns',
}
const SAMPLER_TYPES: Readonly<Record<string, string>> = {
  person: 'people from managed datasets (person_from_faker is there)',
  scipy: 'scipy distributions',
  bernoulli_mixture: 'Bernoulli mixtures',
}
/** Fields of columns and of the root to come, with the values that ask for nothing. */
const COLUMN_FIELDS: Readonly<Record<string, { readonly name: string; readonly idle: readonly unknown[] }>> = {
  skip: { name: 'skipping cells', idle: [null] },
  multi_modal_context: { name: 'multi-modal context', idle: [null] },
  tool_alias: { name: 'tool calls', idle: [null] },
  with_trace: { name: 'traces', idle: ['none'] },
  extract_reasoning_content: { name: 'reasoning columns', idle: [false] },
}
const WITH_TRACE = ['none', 'last_message', 'all_messages']

/** Reports what a column asks of later releases. The column without those fields, or null when its kind itself is one of them. */
export function withoutLaterFields(column: Readonly<Record<string, unknown>>, path: Path, report: Report): Record<string, unknown> | null {
  const type = column['column_type']
  const sampler = column['sampler_type']
  if (typeof type === 'string' && Object.hasOwn(COLUMN_TYPES, type)) {
    report.notYet([...path, 'column_type'], `"${type}": ${COLUMN_TYPES[type]} are not supported yet`)
    return null
  }
  if (type === 'sampler' && typeof sampler === 'string' && Object.hasOwn(SAMPLER_TYPES, sampler)) {
    report.notYet([...path, 'sampler_type'], `"${sampler}": ${SAMPLER_TYPES[sampler]} are not supported yet`)
    return null
  }
  const rest = { ...column }
  for (const [field, { name, idle }] of Object.entries(COLUMN_FIELDS)) {
    const isOwn = field === 'skip' || type === 'llm-text' || type === 'llm-structured'
    if (!isOwn || !Object.hasOwn(column, field) || idle.includes(column[field])) continue
    // A value that DataDesigner refuses too is a mistake and stays for the schema.
    if (field === 'with_trace' && !WITH_TRACE.includes(String(column[field]))) continue
    if (field === 'extract_reasoning_content' && column[field] !== true) continue
    report.notYet([...path, field], `${name} (${field}) are not supported yet`)
    delete rest[field]
  }
  return rest
}

/** Reports what the root of a config asks of later releases. */
export function reportLaterSections(root: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  const isEmpty = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0)
  if (!isEmpty(root['tool_configs'])) report.notYet([...path, 'tool_configs'], 'tool calls (tool_configs) are not supported yet')
  if (!isEmpty(root['profilers'])) report.notYet([...path, 'profilers'], 'profilers are not supported yet')
}

/** Reports drawn inference parameters; the model config without them. */
export function withoutDrawnParameters(model: Readonly<Record<string, unknown>>, path: Path, report: Report): Record<string, unknown> {
  const parameters = model['inference_parameters']
  if (!isMapping(parameters)) return { ...model }
  const rest = { ...parameters }
  for (const field of ['temperature', 'top_p']) {
    if (!isMapping(rest[field])) continue
    report.notYet([...path, 'inference_parameters', field], `a ${field} drawn from a distribution is not supported yet; give a number`)
    delete rest[field]
  }
  return { ...model, inference_parameters: rest }
}
