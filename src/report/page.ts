/**
 * The report: one page that needs nothing but itself. Records are foreign text: everything is escaped, and the page's own policy lets no
 * script run and nothing be fetched, whatever stands in it.
 */
import { count } from '../plan/format.ts'
import type { ReportFacts } from './facts.ts'
import { excerpt, fixed, html } from './html.ts'
import type { Html } from './html.ts'
import { columnsSection } from './sections/columns.ts'
import { dropsSection } from './sections/drops.ts'
import { examplesSection } from './sections/examples.ts'
import { judgesSection } from './sections/judges.ts'
import { modelsSection } from './sections/models.ts'
import { outputsSection } from './sections/outputs.ts'
import { overviewSection } from './sections/overview.ts'
import { STYLE } from './style.ts'

/** Raise it when the page changes, so that reports of before are made anew. */
export const REPORT_VERSION = 1

/** Scores drawn. */
const MOST_JUDGES = 40
const CONFIG_CHARACTERS = 20_000
/** A page stays below this many bytes. */
const MOST_BYTES = 950_000

/** The whole page, < 1 MB whatever the dataset: where everything were more, the examples go first, then columns. */
export function reportPage(facts: ReportFacts): string {
  let shown = { ...facts, judges: facts.judges.slice(0, MOST_JUDGES) }
  for (;;) {
    const page = pageOf(shown)
    if (new TextEncoder().encode(page).length <= MOST_BYTES || (shown.columns.length <= 1 && shown.examples.length === 0)) return page
    shown =
      shown.examples.length > 0
        ? { ...shown, examples: shown.examples.slice(0, -1) }
        : {
            ...shown,
            columns: shown.columns.slice(0, Math.floor(shown.columns.length / 2)),
            judges: shown.judges.slice(0, Math.ceil(shown.judges.length / 2)),
          }
  }
}

function pageOf(facts: ReportFacts): string {
  const { name, rehearsal } = facts
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${excerpt(name, 120)} – dataset report</title>
        <style>
          ${fixed(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${name}</h1>
          <p>${stateBadge(facts)} ${rehearsal ? html`<span class="badge warn">REHEARSAL</span>` : null}</p>
          ${rehearsal ? html`<p class="banner"><b>Rehearsed: these rows were written by the built-in rehearsal model, not by a real one.</b> Columns of models hold made-up text; nothing was billed.</p>` : null}
          ${contents(facts)}
        </header>
        <main>
          ${overviewSection(facts)} ${columnsSection(facts.columns)} ${judgesSection(facts)} ${examplesSection(facts)}
          ${dropsSection(facts)} ${modelsSection(facts)} ${outputsSection(facts)}
          <section aria-labelledby="config">
            <h2 id="config">Config</h2>
            <div class="card">
              <details>
                <summary>builder_config.json</summary>
                <pre>${excerpt(facts.config, CONFIG_CHARACTERS)}</pre>
              </details>
            </div>
          </section>
        </main>
        <footer>
          Made by Parquetry from the files of the dataset. Statistics are exact unless marked; tokens of a column are estimated as
          characters / 4. This page loads nothing and runs no script.
        </footer>
      </body>
    </html> `
  return page.markup
}

function stateBadge({ state, totals, rowsWanted }: ReportFacts): Html {
  const missing = rowsWanted - totals.rowsWritten - totals.rowsDropped
  if (state === 'complete') return html`<span class="badge good">Complete</span>`
  if (state === 'incomplete') return html`<span class="badge warn">Incomplete: more rows dropped than allowed</span>`
  return html`<span class="badge warn">Unfinished: ${count(missing)} rows still missing</span>`
}

function contents({ judges, examples, totals, models }: ReportFacts): Html {
  const sections: readonly (readonly [id: string, title: string, isThere: boolean])[] = [
    ['overview', 'Overview', true],
    ['columns', 'Columns', true],
    ['judges', 'Judge scores', judges.length > 0],
    ['examples', 'Examples', examples.length > 0],
    ['drops', 'Dropped rows', totals.rowsDropped > 0],
    ['models', 'Models and cost', models.length > 0],
    ['files', 'Files', true],
    ['config', 'Config', true],
  ]
  return html`<nav aria-label="Sections">
    <ul>
      ${sections.flatMap(([id, title, isThere]) => (isThere ? [html`<li><a href="#${id}">${title}</a></li>`] : []))}
    </ul>
  </nav>`
}
