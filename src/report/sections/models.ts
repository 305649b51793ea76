/** Which models were asked for what, and what that came to. */
import { count, money } from '../../plan/format.ts'
import type { ReportFacts } from '../facts.ts'
import { excerpt, html } from '../html.ts'
import type { Html } from '../html.ts'

/** The section; null when no model is asked. */
export function modelsSection({ models, totals, summariesUsage, currency, rehearsal }: ReportFacts): Html | null {
  if (models.length === 0) return null
  const { usage, callsPaidTwice = 0 } = totals
  const cost = (amount: number): string => (rehearsal ? 'nothing billed' : money(amount, currency))
  return html`<section aria-labelledby="models">
    <h2 id="models">Models and cost</h2>
    <div class="card">
      <div class="scroll" tabindex="0" role="region" aria-label="Models">
        <table>
          <thead>
            <tr>
              <th scope="col">Alias</th>
              <th scope="col">Model</th>
              <th scope="col">Provider</th>
              <th scope="col">Asked by</th>
              <th scope="col">Price</th>
            </tr>
          </thead>
          <tbody>
            ${models.map(
              ({ alias, model, provider, askedBy, price }) =>
                html`<tr>
                  <th scope="row">${excerpt(alias, 80)}</th>
                  <td>${excerpt(model, 120)}</td>
                  <td>${excerpt(provider, 80)}</td>
                  <td>${excerpt(askedBy.join(', '), 300)}</td>
                  <td>${price ?? '–'}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <h3>Used</h3>
      <div class="scroll" tabindex="0" role="region" aria-label="Use">
        <table>
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col" class="num">Calls</th>
              <th scope="col" class="num">Tokens in</th>
              <th scope="col" class="num">Tokens out</th>
              <th scope="col" class="num">Cost</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">Rows${models.length === 1 ? '' : ', all models'}</th>
              <td class="num">${count(usage.calls)}</td>
              <td class="num">${count(usage.inputTokens)}</td>
              <td class="num">${count(usage.outputTokens)}</td>
              <td class="num">${cost(usage.cost)}</td>
            </tr>
            ${
              summariesUsage === null
                ? null
                : html`<tr>
                    <th scope="row">Summaries of scores</th>
                    <td class="num">${count(summariesUsage.calls)}</td>
                    <td class="num">${count(summariesUsage.inputTokens)}</td>
                    <td class="num">${count(summariesUsage.outputTokens)}</td>
                    <td class="num">${cost(summariesUsage.cost)}</td>
                  </tr>`
            }
          </tbody>
        </table>
      </div>
      ${usage.fallbackCalls === undefined ? null : html`<p class="soft">${count(usage.fallbackCalls)} of the calls were answered by fallbacks.</p>`}
      ${callsPaidTwice === 0 ? null : html`<p class="soft">${count(callsPaidTwice)} further answers were paid for and not needed.</p>`}
    </div>
  </section>`
}
