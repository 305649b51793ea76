/** What the rest of Parquetry uses of templates. */
export {
  compileCondition,
  compileTemplate,
  isBlank,
  MAX_OUTPUT,
  templateReferences,
  type Condition,
  type RenderOptions,
  type Template,
  type TemplateOptions,
} from './template.ts'
export { FILTER_NAMES, TEST_NAMES } from './names.ts'
export { MAX_DEPTH, MAX_NODES } from './parse.ts'
export { readFloat, truncateDouble } from './numbers.ts'
