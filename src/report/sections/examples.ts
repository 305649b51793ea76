/** A few records, whole; the first is open, and long texts are folded. */
import { count } from '../../plan/format.ts'
import type { ReportFacts } from '../facts.ts'
import { excerpt, fixed, html } from '../html.ts'
import type { Html } from '../html.ts'

/** Characters of a value before it is folded. */
const FOLDED_FROM = 400
/** Of one value, and of all values of a record together. */
const MOST_CHARACTERS = 4_000
const RECORD_CHARACTERS = 40_000
const MOST_COLUMNS = 100

/** The section; null without records. */
export function examplesSection({ examples }: ReportFacts): Html | null {
  if (examples.length === 0) return null
  return html`<section aria-labelledby="examples">
    <h2 id="examples">Example records</h2>
    ${examples.map(({ row, values }, index) => record(row, Object.entries(values), index === 0))}
  </section>`
}

function record(row: number, fields: readonly (readonly [name: string, value: unknown])[], isOpen: boolean): Html {
  const shown = fields.slice(0, MOST_COLUMNS)
  const most = Math.min(MOST_CHARACTERS, Math.floor(RECORD_CHARACTERS / Math.max(1, shown.length)))
  return html`<details class="card record" ${isOpen ? fixed('open') : null}>
    <summary>Record ${count(row)}</summary>
    <dl class="facts">
      ${shown.map(
        ([name, value]) =>
          html`<dt>${excerpt(name, 120)}</dt>
            <dd>${valueOf(value, most)}</dd>`,
      )}
    </dl>
    ${fields.length > MOST_COLUMNS ? html`<p class="soft">${count(fields.length - MOST_COLUMNS)} more columns</p>` : null}
  </details>`
}

function valueOf(value: unknown, most: number): Html {
  if (value === null || value === undefined) return html`<span class="faint">empty</span>`
  const text = typeof value === 'string' ? value : textOf(value)
  if (text === '') return html`<span class="faint">empty text</span>`
  const isCode = typeof value === 'object' && !(value instanceof Date)
  const body = html`<pre class="${isCode ? 'code' : 'text'}">${excerpt(text, most)}</pre>`
  if (text.length <= FOLDED_FROM) return body
  const beginning = text
    .slice(0, 160)
    .replace(/[\uD800-\uDBFF]$/u, '')
    .replaceAll(/\s+/g, ' ')
  return html`${beginning} …
    <details>
      <summary>All ${count(text.length)} characters</summary>
      ${body}
    </details>`
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2) as string | undefined
  return text === undefined || typeof value !== 'object' ? String(value) : text
}
