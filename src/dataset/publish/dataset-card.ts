/** README.md of a dataset on a hub: front matter that readers and search go by, and for people what it is and how it was made. Pure. */
import { stringify } from 'yaml'
import type { CompiledDataset } from '../../config/compiled.ts'
import { rowCount } from '../../plan/row-groups.ts'
import { simpleDtype } from '../profile/dtypes.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import type { Metadata } from '../metadata.ts'
import type { PublishedDataset } from './published-files.ts'

/** What the card is made from. */
export interface CardFacts {
  /** `owner/name`. */
  readonly repoId: string
  readonly metadata: Metadata
  readonly compiled: Pick<CompiledDataset, 'schema' | 'columns' | 'models'>
  /** Content of builder_config.json. */
  readonly builderConfig: object
  readonly published: Pick<PublishedDataset, 'subsets' | 'rowGroups' | 'rows'>
  /** Whether every row is accounted for. */
  readonly isComplete: boolean
  readonly tags: readonly string[]
  /** Markdown, as given. Default: one sentence. */
  readonly description: string | null
}

const DEFAULT_TAGS = ['synthetic', 'datadesigner', 'parquetry']
/** Upper bounds of Hugging Face's size categories. */
const SIZES: readonly (readonly [number, string])[] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [1e9, '100M<n<1B'],
]
const LARGEST_SIZE = 'n>1B'
/** Lines of the config that the card shows; the whole lies beside it. */
const EXCERPT_LINES = 80

/** The card. */
export function datasetCard(facts: CardFacts): string {
  const parts = [
    `# ${plain(facts.repoId.split('/')[1] ?? '')}`,
    facts.description ?? 'A synthetic dataset.',
    ...warnings(facts),
    loading(facts),
    summary(facts),
    columns(facts),
    making(facts),
  ]
  return `---\n${frontMatter(facts)}---\n\n${parts.join('\n\n')}\n`
}

/** What `datasets` loads, and the hub's search finds. */
function frontMatter({ tags, published, metadata, isComplete }: CardFacts): string {
  const more = [...(metadata.parquetry.rehearsal ? ['rehearsal'] : []), ...(isComplete ? [] : ['incomplete'])]
  return stringify({
    size_categories: [SIZES.find(([bound]) => published.rows < bound)?.[1] ?? LARGEST_SIZE],
    tags: [...new Set([...DEFAULT_TAGS, ...more, ...tags])],
    configs: published.subsets.map(({ name, splits }, index) => ({
      config_name: name,
      ...(index === 0 ? { default: true } : {}),
      data_files: Object.entries(splits).map(([split, path]) => ({ split, path })),
    })),
  })
}

function warnings({ isComplete, metadata, published }: CardFacts): readonly string[] {
  const wanted = rowCount(metadata.parquetry.segments)
  const said: string[] = []
  if (!isComplete) said.push(`> **Incomplete:** ${count(published.rows)} of ${count(wanted)} rows are here.`)
  if (metadata.parquetry.rehearsal) said.push('> **Rehearsal:** no model was asked; the texts come from a rehearsal and mean nothing.')
  return said
}

function loading({ repoId, published }: CardFacts): string {
  const lines = published.subsets.map(({ name, splits }, index) => {
    const split = Object.keys(splits).length === 1 ? ', split="train"' : ''
    return index === 0 ? `dataset = load_dataset("${repoId}"${split})` : `load_dataset("${repoId}", "${name}"${split})`
  })
  return `## Loading\n\n\`\`\`python\nfrom datasets import load_dataset\n\n${lines.join('\n')}\n\`\`\``
}

function summary({ metadata, compiled, published }: CardFacts): string {
  const { totals, segments } = metadata.parquetry
  const lines = [
    `- **Rows**: ${count(published.rows)} of ${count(rowCount(segments))} asked for${totals.rowsDropped > 0 ? `, ${count(totals.rowsDropped)} dropped` : ''}`,
    `- **Columns**: ${compiled.schema.length}`,
    `- **Files**: ${count(published.rowGroups)} parquet files`,
  ]
  if (published.subsets.length > 1) {
    const names = published.subsets.slice(1).map(({ name }) => `\`${name}\``)
    lines.push(`- **Subsets**: ${names.join(', ')}`)
  }
  return `## Summary\n\n${lines.join('\n')}`
}

function columns({ metadata, compiled }: CardFacts): string {
  const statistics = new Map(((metadata.column_statistics ?? []) as readonly ColumnStatistics[]).map((one) => [one.column_name, one]))
  const rows = compiled.schema.map(({ name, type }) => {
    const found = statistics.get(name)
    const share = (part: number | undefined): string =>
      found === undefined || part === undefined ? '' : withShare(part, found.num_records)
    return [
      code(name),
      code(simpleDtype(type)),
      cell(found?.column_type ?? ''),
      share(found?.num_unique),
      share(found?.num_null),
      details(found),
    ]
  })
  const table = [['Column', 'Type', 'Kind', 'Unique', 'Null', 'Details'], ['---', '---', '---', '---', '---', '---'], ...rows]
  return `## Schema and statistics\n\n${table.map((row) => `| ${row.join(' | ')} |`).join('\n')}`
}

function details(found: ColumnStatistics | undefined): string {
  const { sampler_type: sampler, distribution } = found ?? {}
  const parts = sampler === undefined ? [] : [cell(sampler)]
  if (typeof distribution === 'object' && distribution !== null) {
    if ('mean' in distribution) {
      const { min, max, mean } = distribution
      if (min !== null && max !== null && mean !== null) parts.push(`${rounded(min)} to ${rounded(max)}, mean ${rounded(mean)}`)
    } else if (distribution.most_common_value !== null) parts.push(`most often ${code(shortened(String(distribution.most_common_value)))}`)
  }
  return parts.join('; ')
}

function making({ metadata, compiled, builderConfig }: CardFacts): string {
  const kinds = new Map<string, number>()
  for (const { column_type: kind } of compiled.columns) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const lines = [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([kind, number]) => `- **${kind}**: ${number}`)
  const models = [...new Set(Object.values(compiled.models).map(({ target }) => target.model))].toSorted()
  const answered = models.length === 0 ? '' : `\n\nModels: ${models.map(code).join(', ')}.`
  const { calls, inputTokens, outputTokens } = metadata.parquetry.totals.usage
  const usage = calls === 0 ? '' : ` ${count(calls)} calls, ${count(inputTokens)} tokens in, ${count(outputTokens)} tokens out.`
  const files = 'The whole config is in [`builder_config.json`](builder_config.json), facts of the run in [`metadata.json`](metadata.json).'
  const made = 'Made by Parquetry from a config of NeMo Data Designer.'
  return `## How it was made\n\n${made} Columns by kind:\n\n${lines.join('\n')}${answered}${usage}\n\n${excerpt(builderConfig)}\n\n${files}`
}

/** The beginning of the columns as YAML; the fence is longer than any that a prompt holds. */
function excerpt(builderConfig: object): string {
  const { data_designer: config } = builderConfig as { readonly data_designer?: { readonly columns?: unknown } }
  const lines = stringify({ columns: config?.columns ?? [] }, { lineWidth: 0 })
    .trimEnd()
    .split('\n')
  const text = lines.slice(0, EXCERPT_LINES).join('\n')
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/gu)].map(([ticks]) => ticks.length + 1)))
  const rest = lines.length > EXCERPT_LINES ? `\n# … and ${lines.length - EXCERPT_LINES} more lines` : ''
  return `<details><summary>Columns of the config</summary>\n\n${fence}yaml\n${text}${rest}\n${fence}\n\n</details>`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function withShare(part: number, all: number): string {
  return all === 0 ? count(part) : `${count(part)} (${((100 * part) / all).toFixed(1)} %)`
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)))
}

const SHORT = 40
function shortened(text: string): string {
  const characters = Array.from(text)
  return characters.length > SHORT ? `${characters.slice(0, SHORT).join('')}…` : text
}

/** Text that neither ends a cell nor becomes markup. */
function cell(text: string): string {
  return plain(text).replaceAll('|', '\\|')
}

function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
}

/** As code in a cell: a backtick in it would end it, a bar the cell. */
function code(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').replaceAll('`', "'")
  return `\`${line.replaceAll('|', '\\|')}\``
}
