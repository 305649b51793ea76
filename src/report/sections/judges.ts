/** What judges said: each score's bars, statistics and summary. */
import { count } from '../../plan/format.ts'
import { categoryChart } from '../charts.ts'
import type { ReportFacts, ScoreFacts } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html } from '../html.ts'
import { summaryItems } from './columns.ts'

/** The section; null without judges. */
export function judgesSection({ judges }: ReportFacts): Html | null {
  if (judges.length === 0) return null
  return html`<section aria-labelledby="judges">
    <h2 id="judges">Judge scores</h2>
    <div class="grid">${judges.map(({ column, scores }) => scores.map((score) => scoreCard(column, score)))}</div>
  </section>`
}

function scoreCard(column: string, { name, description, categories, numbers, summary, samples }: ScoreFacts): Html {
  const total = categories.counts.reduce((sum, found) => sum + found, 0)
  return html`<article class="card">
    <div class="head">
      <h3>${excerpt(name, 120)}</h3>
      <span class="badge plain">${excerpt(column, 120)}</span>
    </div>
    ${description === '' ? null : html`<p class="soft">${excerpt(description, 400)}</p>`}
    ${
      numbers === null
        ? null
        : html`<ul class="stats">
            ${summaryItems(numbers)}
          </ul>`
    }
    ${total === 0 ? html`<p class="soft">No scores.</p>` : categoryChart(categories, excerpt(`${column}, ${name}`, 200), total)}
    ${
      summary === null
        ? null
        : html`<blockquote>
            <p>${excerpt(summary, 2_000)}</p>
            <p class="soft">Summary by a model of ${count(samples)} reasons.</p>
          </blockquote>`
    }
  </article>`
}
