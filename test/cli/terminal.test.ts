import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, screensOf, startEndpoint, textConfig } from './helpers.ts'
import type { Endpoint, Ended, Place, Screen } from './helpers.ts'

let place: Place
let endpoint: Endpoint

beforeAll(async () => {
  place = await createPlace()
  endpoint = await startEndpoint(400)
}, 300_000)
afterAll(async () => {
  await endpoint?.close()
  place?.remove()
})

/** Lines of the panel on a screen: its head, and what follows. */
const headOf = ({ lines }: Screen, name: string): number[] => lines.flatMap((line, at) => (line.startsWith(`${name}   `) ? [at] : []))
const barsOf = ({ lines }: Screen): string[] => lines.filter((line) => /^\[[#.]+\] \d+%$/.test(line))

/** The screens on which the panel stands; every one has it once, whole, at its place. */
function panelScreens(ended: Ended, name: string): readonly Screen[] {
  const { screens } = screensOf(ended)
  const shown = screens.filter((screen) => headOf(screen, name).length > 0)
  for (const screen of shown) {
    expect([headOf(screen, name).length, barsOf(screen).length], screen.lines.join('\n')).toEqual([1, 1])
    expect(screen.scrolled).toBe(0)
    const [head = 0] = headOf(screen, name)
    // Below the panel there is nothing: no line of an earlier one, none that was broken by the terminal.
    const panel = screen.lines.slice(head, screen.cursor[0])
    expect(panel.every((line) => line !== '')).toBe(true)
    expect(screen.lines.slice(screen.cursor[0]).join('')).toBe('')
    expect(screen.cursor[1]).toBe(0)
    expect(panel[1]).toMatch(/^\[/)
    expect(panel.length).toBeLessThanOrEqual(5)
  }
  return shown
}

function expectGone(ended: Ended, name: string): void {
  const last = screensOf(ended).screens.at(-1)
  expect(last).toBeDefined()
  expect(barsOf(last as Screen)).toEqual([])
  expect(headOf(last as Screen, name)).toEqual([])
}

describe('the panel on a terminal', () => {
  it('stays in its place at 80 columns, at 120 from elsewhere, and in one that becomes narrower, and leaves nothing behind', async () => {
    for (const name of ['eighty', 'narrower'])
      place.write(`${name}.yaml`, textConfig(endpoint.endpoint, { parallel: 4, settings: 'parquetry: { buffer_size: 10 }' }))
    const create = (name: string): string[] => ['create', `${name}.yaml`, '-n', '400']
    const creating = place.startOnScreen(80, create('eighty'))
    const narrowing = place.startOnScreen(120, create('narrower'), { at: 'groups [2-9]/40', to: 60 })
    await creating.waitFor(/groups \d+\/40/)
    const watching = place.startOnScreen(120, ['watch', 'eighty'])
    // Several pictures of each, however slow the machine; then the runs may end.
    await Promise.all([watching.waitFor(/(?:\] \d+%[^]*){4}/), narrowing.waitFor(/(?:"columns": 60[^]*){4}/)])
    endpoint.delay(20)
    const [eighty, wide, narrower] = await Promise.all([creating.ended, watching.ended, narrowing.ended])
    const widths = [
      [eighty, 'eighty', [80]],
      [wide, 'eighty', [120]],
      [narrower, 'narrower', [120, 60]],
    ] as const
    for (const [ended, name, columns] of widths) {
      expect(screensOf(ended).code, ended.stderr).toBe(0)
      const shown = panelScreens(ended, name)
      expect([...new Set(shown.map((screen) => screen.columns))]).toEqual(columns)
      for (const width of columns) {
        const places = shown.filter((screen) => screen.columns === width).map((screen) => headOf(screen, name)[0])
        expect(places.length).toBeGreaterThan(2)
        expect(new Set(places).size).toBe(1)
      }
      expectGone(ended, name)
    }
  })
})
