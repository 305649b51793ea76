/** A few records, whole; long texts are folded. */
import { count } from '../../plan/format.ts'
import type { ReportFacts } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html } from '../html.ts'

/** Characters of a value before it is folded, and at most. */
const FOLDED_FROM = 400
const MOST_CHARACTERS = 4_000
const MOST_COLUMNS = 100

/** The section; null without records. */
export function examplesSection({ examples }: ReportFacts): Html | null {
  if (examples.length === 0) return null
  return html`<section aria-labelledby="examples">
    <h2 id="examples">Example records</h2>
    ${examples.map(({ row, values }) => {
      const fields = Object.entries(values)
      return html`<article class="card record">
        <div class="head"><h3>Record ${count(row)}</h3></div>
        <dl class="facts">
          ${fields.slice(0, MOST_COLUMNS).map(
            ([name, value]) =>
              html`<dt>${excerpt(name, 120)}</dt>
                <dd>${valueOf(value)}</dd>`,
          )}
        </dl>
        ${fields.length > MOST_COLUMNS ? html`<p class="soft">${count(fields.length - MOST_COLUMNS)} more columns</p>` : null}
      </article>`
    })}
  </section>`
}

function valueOf(value: unknown): Html {
  if (value === null || value === undefined) return html`<span class="faint">empty</span>`
  const text = typeof value === 'string' ? value : textOf(value)
  if (text === '') return html`<span class="faint">empty text</span>`
  const isShort = text.length <= FOLDED_FROM
  const body = (shown: string): Html =>
    typeof value === 'object' && !(value instanceof Date) ? html`<pre>${shown}</pre>` : html`<div class="value">${shown}</div>`
  if (isShort) return body(text)
  return html`<div class="value">
      ${text
        .slice(0, 160)
        .replace(/[\uD800-\uDBFF]$/u, '')
        .replaceAll(/\s+/g, ' ')}
      …
    </div>
    <details>
      <summary>All ${count(text.length)} characters</summary>
      ${body(excerpt(text, MOST_CHARACTERS))}
    </details>`
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2) as string | undefined
  return text === undefined || typeof value !== 'object' ? String(value) : text
}
