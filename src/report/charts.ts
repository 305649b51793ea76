/** Bars without a script: SVG for histograms of numbers, a table with a bar in each row for categories. */
import { count } from '../plan/format.ts'
import type { Categories, Histogram } from './facts.ts'
import { excerpt, html } from './html.ts'
import type { Html } from './html.ts'
import { number, percent } from './numbers.ts'

const WIDTH = 480
const HEIGHT = 120

/** A histogram. `what` says of what, for those who hear the page. */
export function histogramChart({ edges, counts }: Histogram, what: string): Html {
  const highest = Math.max(1, ...counts)
  const total = counts.reduce((sum, found) => sum + found, 0)
  const wide = WIDTH / Math.max(1, counts.length)
  const bars = counts.map((found, index) => {
    const tall = found === 0 ? 0 : Math.max(1.5, (found / highest) * (HEIGHT - 4))
    const title = `${number(edges[index] ?? 0)} to ${number(edges[index + 1] ?? 0)}: ${count(found)}`
    return html`<rect
      x="${(index * wide + 0.75).toFixed(2)}"
      y="${(HEIGHT - tall).toFixed(2)}"
      width="${Math.max(0.5, wide - 1.5).toFixed(2)}"
      height="${tall.toFixed(2)}"
      rx="1.5"
      ><title>${title}</title></rect
    >`
  })
  const [first, last] = [number(edges[0] ?? 0), number(edges.at(-1) ?? 0)]
  const peak = counts.indexOf(highest)
  const said = `Histogram of ${what}: ${count(total)} values from ${first} to ${last}; most, ${count(highest)}, from ${number(edges[peak] ?? 0)} to ${number(edges[peak + 1] ?? 0)}.`
  return html`<figure class="histogram">
    <svg role="img" aria-label="${said}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">
      ${bars}
      <line x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" />
    </svg>
    <figcaption aria-hidden="true"><span>${first}</span><span>${last}</span></figcaption>
  </figure>`
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
