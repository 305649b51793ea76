/**
 * The filter `jsonpath`: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[1:3]`, `[::2]`, `[*]`, `.*`, `..name`, `..*`, `..[0]`, and unions such
 * as `[0,2]` or `['a','b']`. Filter expressions `[?(...)]` are refused. Matches come in document order.
 */
import { isDict, isList, spend, typeName, type Context } from './context.ts'
import { failRender } from './fault.ts'
import type { DictKey, Runtime } from './runtime-values.ts'

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number | null; readonly stop: number | null; readonly step: number }
  | { readonly kind: 'all' }

interface Step {
  readonly isDescendant: boolean
  readonly selectors: readonly Selector[]
}

/** All matches of a path in a dict or list. Throws `TEMPLATE_FAILED` for other values and for paths it cannot read. */
export function findJsonPath(context: Context, data: Runtime, path: string): readonly Runtime[] {
  if (!isDict(data) && !isList(data)) throw failRender(`\`jsonpath\` needs a dict or a list, found ${typeName(data)}.`)
  return readPath(path).reduce<readonly Runtime[]>(
    (found, step) => {
      const places = step.isDescendant ? found.flatMap((value) => descendants(context, value)) : found
      return places.flatMap((value) => step.selectors.flatMap((selector) => select(context, value, selector)))
    },
    [data],
  )
}

const STEP = /(\.\.|\.)?(?:(\*)|([\p{L}_$][\p{L}\p{N}_$-]*)|\[([^\]'"]*(?:(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")[^\]'"]*)*)\])/uy
const SELECTOR = /\s*(?:(\*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)?\s*(:)\s*(-?\d+)?\s*(?::\s*(-?\d+)?)?|(-?\d+))\s*(,|$)/y

function readPath(path: string): readonly Step[] {
  const source = path.trim()
  if (!source.startsWith('$')) throw unreadable(path)
  const steps: Step[] = []
  for (let at = 1; at < source.length;) {
    STEP.lastIndex = at
    const match = STEP.exec(source)
    const [, dots, star, name, bracket] = match ?? []
    if (match === null || (dots === undefined && bracket === undefined) || (dots === '.' && bracket !== undefined)) throw unreadable(path)
    const selectors: readonly Selector[] =
      star !== undefined ? [{ kind: 'all' }] : name !== undefined ? [{ kind: 'name', name }] : readSelectors(bracket ?? '', path)
    steps.push({ isDescendant: dots === '..', selectors })
    at = STEP.lastIndex
  }
  return steps
}

function readSelectors(bracket: string, path: string): readonly Selector[] {
  const selectors: Selector[] = []
  for (let at = 0; ;) {
    SELECTOR.lastIndex = at
    const match = SELECTOR.exec(bracket)
    if (match === null) throw unreadable(path)
    const [, star, single, double, start, colon, stop, step, index, end] = match
    const name = single ?? double
    if (star !== undefined) selectors.push({ kind: 'all' })
    else if (name !== undefined) selectors.push({ kind: 'name', name: name.replace(/\\(.)/g, '$1') })
    else if (colon !== undefined) selectors.push({ kind: 'slice', start: whole(start), stop: whole(stop), step: whole(step) ?? 1 })
    else selectors.push({ kind: 'index', index: Number(index) })
    at = SELECTOR.lastIndex
    if (end !== ',') return selectors
  }
}

function whole(text: string | undefined): number | null {
  return text === undefined ? null : Number(text)
}

function unreadable(path: string): Error {
  return failRender(`the path \`${path}\` could not be read.`, 'Supported: $ .name ["name"] [0] [1:3] [*] .* ..name; no [?()] filters.')
}

/** Work counted for each place looked at. */
const PLACE = 10

/** The value and all below it, in document order. */
function descendants(context: Context, root: Runtime): readonly Runtime[] {
  const found: Runtime[] = []
  const visit = (value: Runtime): void => {
    spend(context, PLACE)
    found.push(value)
    for (const child of children(value)) visit(child)
  }
  visit(root)
  return found
}

function children(value: Runtime): readonly Runtime[] {
  return isList(value) ? value : isDict(value) ? [...value.values()] : []
}

function select(context: Context, value: Runtime, selector: Selector): readonly Runtime[] {
  spend(context, PLACE)
  switch (selector.kind) {
    case 'all':
      spend(context, children(value).length)
      return children(value)
    case 'name':
      return isDict(value) && value.has(selector.name as DictKey) ? [value.get(selector.name) as Runtime] : []
    case 'index': {
      const item = isList(value) ? value.at(selector.index) : undefined
      return item === undefined ? [] : [item]
    }
    case 'slice':
      return isList(value) ? sliceList(context, value, selector) : []
  }
}

function sliceList(context: Context, items: readonly Runtime[], slice: Extract<Selector, { kind: 'slice' }>): readonly Runtime[] {
  const { start, stop, step } = slice
  if (step === 0) return []
  const place = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + items.length : value, low), high)
  const [low, high] = step > 0 ? [0, items.length] : [-1, items.length - 1]
  const from = start === null ? (step > 0 ? low : high) : place(start, low, high)
  const to = stop === null ? (step > 0 ? high : low) : place(stop, low, high)
  const result: Runtime[] = []
  for (let index = from; step > 0 ? index < to : index > to; index += step) result.push(items[index] as Runtime)
  spend(context, result.length)
  return result
}
