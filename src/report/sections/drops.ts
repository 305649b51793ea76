/** Rows that were dropped, by reason, and a few of them. */
import { count } from '../../plan/format.ts'
import type { ReportFacts } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html } from '../html.ts'
import { percent } from '../numbers.ts'

/** The section; null when no row was dropped. */
export function dropsSection({ totals, rowsWanted, maxDropped, droppedRows }: ReportFacts): Html | null {
  if (totals.rowsDropped === 0) return null
  return html`<section aria-labelledby="drops">
    <h2 id="drops">Dropped rows</h2>
    <div class="card">
      <p>
        ${count(totals.rowsDropped)} of ${count(rowsWanted)} rows (${percent(totals.rowsDropped, rowsWanted)}) could not be made;
        ${maxDropped === 0 ? 'none' : count(maxDropped)} may be missing in a complete dataset.
      </p>
      <div class="scroll" tabindex="0" role="region" aria-label="Reasons">
        <table>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Column</th>
              <th scope="col" class="num">Rows</th>
            </tr>
          </thead>
          <tbody>
            ${(totals.dropReasons ?? []).map(
              ({ code, column, rows }) =>
                html`<tr>
                  <th scope="row"><code>${code}</code></th>
                  <td>${excerpt(column, 120)}</td>
                  <td class="num">${count(rows)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${
        droppedRows.length === 0
          ? null
          : html`<details>
              <summary>${count(droppedRows.length)} of them</summary>
              <div class="scroll" tabindex="0" role="region" aria-label="Some dropped rows">
                <table>
                  <thead>
                    <tr>
                      <th scope="col" class="num">Row</th>
                      <th scope="col">Column</th>
                      <th scope="col">Why</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${droppedRows.map(
                      ({ row, column, code, reason }) =>
                        html`<tr>
                          <th scope="row" class="num">${count(row)}</th>
                          <td>${excerpt(column, 120)}</td>
                          <td><code>${code}</code> ${excerpt(reason, 300)}</td>
                        </tr>`,
                    )}
                  </tbody>
                </table>
              </div>
            </details>`
      }
    </div>
  </section>`
}
