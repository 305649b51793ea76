/** What there is: rows, cost, time, and what the dataset is known by. */
import { bytes, count, duration, money } from '../../plan/format.ts'
import type { ReportFacts } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html, Part } from '../html.ts'
import { moment, percent } from '../numbers.ts'

/** The section. */
export function overviewSection(facts: ReportFacts): Html {
  const { totals, rowsWanted, rowGroupsWanted, rowGroupSize, sizeBytes } = facts
  const { usage } = totals
  return html`<section aria-labelledby="overview">
    <h2 id="overview">Overview</h2>
    <dl class="tiles">
      ${tile('Rows', count(totals.rowsWritten), `of ${count(rowsWanted)} wanted`)}
      ${tile('Dropped', count(totals.rowsDropped), percent(totals.rowsDropped, rowsWanted))}
      ${tile('Columns', count(facts.columns.length), `${bytes(sizeBytes)} of parquet`)}
      ${usage.calls === 0 ? null : tile('Model calls', count(usage.calls), `${count(usage.inputTokens)} tokens in, ${count(usage.outputTokens)} out`)}
      ${usage.calls === 0 ? null : tile('Cost', costOf(facts), facts.rehearsal ? 'rehearsed, nothing billed' : facts.currency === null ? 'the config gives no price' : `${facts.currency}, by the config's prices`)}
      ${facts.writtenFrom === null ? null : tile('Time', timeOf(facts), `in ${count(facts.runs)} ${facts.runs === 1 ? 'run' : 'runs'}`)}
    </dl>
    <dl class="facts card">
      ${row('Row groups', `${count(totals.rowGroups)} of ${count(rowGroupsWanted)}, ${count(rowGroupSize)} rows each at most`)}
      ${row('Begun', moment(facts.createdAt))}
      ${row('Rows written', facts.writtenFrom === null ? '–' : `${moment(facts.writtenFrom)} to ${moment(facts.writtenTo)}`)}
      ${row('Seed', html`<code>${facts.seed}</code>`)} ${row('Reference time', moment(facts.referenceTime))}
      ${row('Fingerprint', html`<code>${facts.fingerprint}</code>`)} ${row('Dataset', html`<code>${facts.datasetId}</code>`)}
      ${facts.droppedColumns.length === 0 ? null : row('Made, not kept', excerpt(facts.droppedColumns.join(', '), 600))}
    </dl>
  </section>`
}

/** Of the rows' calls and of the summaries' together. */
function costOf({ totals, summariesUsage, rehearsal, currency }: ReportFacts): string {
  if (rehearsal) return '$0.00'
  return currency === null ? '–' : money(totals.usage.cost + (summariesUsage?.cost ?? 0), currency)
}

function timeOf({ createdAt, writtenFrom, writtenTo }: ReportFacts): string {
  const from = Date.parse(createdAt ?? writtenFrom ?? '')
  return duration(Date.parse(writtenTo ?? '') - from)
}

function tile(name: string, value: string, more: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value} <small>${more}</small></dd>
  </div>`
}

function row(name: string, value: Part): Html {
  return html`<dt>${name}</dt>
    <dd>${value}</dd>`
}
