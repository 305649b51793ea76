/** Bars without a script: SVG for histograms of numbers, a table with a bar in each row for categories. */
import { count } from '../plan/format.ts'
import type { Categories, Histogram } from './facts.ts'
import { excerpt, html } from './html.ts'
import type { Html } from './html.ts'
import { number, percent } from './numbers.ts'

const WIDTH = 480
const HEIGHT = 120

/** A histogram; null where all values are the same. `what` says of what, for those who hear the page. */
export function histogramChart({ edges, counts }: Histogram, what: string): Html | null {
  if (counts.length < 2) return null
  const highest = Math.max(1, ...counts)
  const total = counts.reduce((sum, found) => sum + found, 0)
  const wide = WIDTH / counts.length
  const bins = counts.map((_, index) => binOf(edges, index))
  const bars = counts.map((found, index) => {
    const tall = found === 0 ? 0 : Math.max(1.5, (found / highest) * (HEIGHT - 4))
    return html`<rect
      x="${(index * wide + 0.75).toFixed(2)}"
      y="${(HEIGHT - tall).toFixed(2)}"
      width="${Math.max(0.5, wide - 1.5).toFixed(2)}"
      height="${tall.toFixed(2)}"
      rx="1.5"
      ><title>${bins[index]?.text ?? ''}: ${count(found)}</title></rect
    >`
  })
  const [first, last] = [number(bins[0]?.from ?? 0), number(bins.at(-1)?.to ?? 0)]
  const said = `Histogram of ${what}: ${count(total)} values from ${first} to ${last}; most, ${count(highest)}, at ${bins[counts.indexOf(highest)]?.text ?? ''}.`
  return html`<figure class="histogram">
    <svg role="img" aria-label="${said}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">
      ${bars}
      <line x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" />
    </svg>
    <figcaption aria-hidden="true"><span>${first}</span><span>${last}</span></figcaption>
  </figure>`
}

/** A bin in words; one of a single whole number, whose edges lie half a step beside it, is that number. */
function binOf(edges: readonly number[], index: number): { readonly from: number; readonly to: number; readonly text: string } {
  const [from = 0, to = 0] = [edges[index], edges[index + 1]]
  const isOne = to - from === 1 && Number.isInteger(from + 0.5)
  return isOne ? { from: from + 0.5, to: from + 0.5, text: number(from + 0.5) } : { from, to, text: `${number(from)} to ${number(to)}` }
}

/** Categories drawn; the rest is summed up. */
const SHOWN = 12

/** A bar for each value. */
export function categoryChart({ categories, counts, omitted = 0 }: Categories, what: string, total: number): Html {
  const highest = Math.max(1, ...counts)
  const rows = categories.slice(0, SHOWN).map((category, index) => {
    const found = counts[index] ?? 0
    const text = String(category)
    return html`<tr>
      <th scope="row">${text === '' ? html`<i>empty</i>` : excerpt(text, 80)}</th>
      <td class="bar"><span style="width:${((100 * found) / highest).toFixed(1)}%"></span></td>
      <td class="num">${count(found)}</td>
      <td class="num faint">${percent(found, total)}</td>
    </tr>`
  })
  const hidden = Math.max(0, categories.length - SHOWN) + omitted
  const rest = total - counts.slice(0, SHOWN).reduce((sum, found) => sum + found, 0)
  const more =
    hidden === 0
      ? null
      : html`<tr class="faint">
          <th scope="row">${count(hidden)} more</th>
          <td class="bar"></td>
          <td class="num">${count(Math.max(0, rest))}</td>
          <td class="num">${percent(rest, total)}</td>
        </tr>`
  return html`<table class="bars" aria-label="Values of ${what}">
    <colgroup>
      <col class="label" />
      <col />
      <col class="amount" />
      <col class="amount" />
    </colgroup>
    <thead class="unseen">
      <tr>
        <th scope="col">value</th>
        <th scope="col">bar</th>
        <th scope="col">records</th>
        <th scope="col">share</th>
      </tr>
    </thead>
    <tbody>
      ${rows}${more}
    </tbody>
  </table>`
}
