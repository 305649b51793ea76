/** What processors made beside the rows, and where the rows are. */
import { bytes, count } from '../../plan/format.ts'
import type { OutputFacts, ReportFacts } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html } from '../html.ts'

/** The section. */
export function outputsSection({ outputs, totals, sizeBytes }: ReportFacts): Html {
  const rows: OutputFacts = { name: 'parquet-files', kind: 'the rows', files: totals.rowGroups, sizeBytes, examples: [] }
  return html`<section aria-labelledby="files">
    <h2 id="files">Files</h2>
    <div class="card">
      <div class="scroll" tabindex="0" role="region" aria-label="Files">
        <table>
          <thead>
            <tr>
              <th scope="col">Folder</th>
              <th scope="col">What</th>
              <th scope="col" class="num">Files</th>
              <th scope="col" class="num">Size</th>
            </tr>
          </thead>
          <tbody>
            ${[rows, ...outputs].map(
              (output) =>
                html`<tr>
                  <th scope="row"><code>${output.name}/</code></th>
                  <td>
                    ${output.kind}${output.examples.length === 0 ? null : html` <span class="faint">${excerpt(output.examples.join(', '), 200)}</span>`}
                  </td>
                  <td class="num">${count(output.files)}</td>
                  <td class="num">${output.sizeBytes === null ? '–' : bytes(output.sizeBytes)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </div>
  </section>`
}
