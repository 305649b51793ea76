/** One card a column: what it is made from, its statistics, its bars. */
import { count } from '../../plan/format.ts'
import { categoryChart, histogramChart } from '../charts.ts'
import type { ColumnFacts, Summary } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html } from '../html.ts'
import { number, percent } from '../numbers.ts'

/** Columns drawn with everything; a page is to be read. */
const MOST_COLUMNS = 150
const SOURCE_CHARACTERS = 1_200

/** The section. */
export function columnsSection(columns: readonly ColumnFacts[]): Html {
  const more = columns.length - MOST_COLUMNS
  return html`<section aria-labelledby="columns">
    <h2 id="columns">Columns</h2>
    <div class="grid">${columns.slice(0, MOST_COLUMNS).map(columnCard)}</div>
    ${more > 0 ? html`<p class="soft">${count(more)} more columns are in metadata.json.</p>` : null}
  </section>`
}

function columnCard(column: ColumnFacts): Html {
  const { name, kind, type, nulls, records, unique, numbers, lengths, tokens, source } = column
  const isTold = column.categories !== null && column.categories.categories.length > 0
  return html`<article class="card">
    <div class="head">
      <h3>${excerpt(name, 120)}</h3>
      <span class="badge plain">${kind}</span> <span class="soft">${excerpt(type, 60)}</span>
    </div>
    <ul class="stats">
      ${unique === null ? null : html`<li><b>${count(unique)}</b> different (${percent(unique, records)})</li>`}
      <li><b>${count(nulls)}</b> empty${nulls > 0 ? ` (${percent(nulls, records)})` : ''}</li>
      ${numbers === null ? null : summaryItems(numbers)}
      ${lengths === null ? null : html`<li>characters <b>${number(lengths.min)}</b> to <b>${number(lengths.max)}</b>, median <b>${number(lengths.median)}</b></li>`}
      ${tokens === null ? null : tokenItems(tokens)} ${column.isApproximate ? html`<li>approximate; bounds in metadata.json</li>` : null}
    </ul>
    ${isTold && column.categories !== null ? categoryChart(column.categories, excerpt(name, 120), records - nulls) : chartOf(column)}
    ${
      source === null
        ? null
        : html`<details>
            <summary>How it is made</summary>
            <pre>${excerpt(source, SOURCE_CHARACTERS)}</pre>
          </details>`
    }
  </article>`
}

function chartOf({ name, histogram, lengths }: ColumnFacts): Html | null {
  const what = excerpt(name, 120)
  if (histogram !== null) return histogramChart(histogram, what)
  const drawn = lengths?.histogram ?? null
  const chart = drawn === null ? null : histogramChart(drawn, `the length of ${what} in characters`)
  if (chart === null) return null
  return html`<p class="soft">Length in characters</p>
    ${chart}`
}

/** The usual five, each an item of a list. */
export function summaryItems({ min, max, mean, stddev, median }: Summary): readonly Html[] {
  const items = [
    ['min', min],
    ['median', median],
    ['mean', mean],
    ['max', max],
    ['stddev', stddev],
  ] as const
  return items.map(([name, value]) => html`<li>${name} <b>${number(value)}</b></li>`)
}

function tokenItems({ input, output }: NonNullable<ColumnFacts['tokens']>): readonly (Html | null)[] {
  return [
    input === null ? null : html`<li>about <b>${number(input.median)}</b> tokens in</li>`,
    output === null ? null : html`<li>about <b>${number(output.median)}</b> out</li>`,
  ]
}
