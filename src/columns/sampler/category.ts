/** The category and subcategory samplers, and what their values become by `convert_to`. */
import type { SamplerColumn, SamplerParams } from '../../config/compiled.ts'
import { drawItem } from './draw.ts'
import type { Draw } from './draw.ts'
import { pythonFloat, pythonInt, roundHalfToEven } from './numbers.ts'

/** How a column's numbers are meant: as Python ints, as floats, or as text. */
export type NumberKind = 'int' | 'double' | 'text'

type CategoryValue = string | number

/** All params a column may draw with: its own, then those of its conditions, in order. */
export function allParams(column: SamplerColumn): readonly SamplerParams[] {
  return [column.params, ...Object.values(column.conditional_params)]
}

/** Every value that a category or subcategory column may draw. */
export function categoryValues(column: SamplerColumn): readonly CategoryValue[] {
  return allParams(column).flatMap((params) => {
    if (params.sampler_type === 'category') return params.values
    return params.sampler_type === 'subcategory' ? Object.values(params.values).flat() : []
  })
}

/** Only integers → int; only numbers → double; anything else → text, in which numbers stand as Python writes them. */
export function kindOfValues(values: readonly CategoryValue[]): NumberKind {
  if (!values.every((value) => typeof value === 'number')) return 'text'
  return values.every((value) => Number.isSafeInteger(value)) ? 'int' : 'double'
}

/** A value as the column draws it, or null when `convert_to` asks for a number and the text is none. */
export function settleCategoryValue(value: CategoryValue, kind: NumberKind, convertTo: string | null): CategoryValue | null {
  if (convertTo === 'int' || convertTo === 'float') {
    const number = typeof value === 'number' ? value : numberOfText(value)
    if (number === null) return null
    return convertTo === 'int' ? roundHalfToEven(number) : number
  }
  if (kind !== 'text' || typeof value === 'string') return value
  return Number.isSafeInteger(value) ? pythonInt(value) : pythonFloat(value)
}

/** Draws from `values` by weight; weights need not sum to 1, null gives all the same. A weight of 0 is never drawn. */
export function drawCategory(values: readonly CategoryValue[], weights: readonly number[] | null): Draw {
  if (weights === null) return (stream) => drawItem(stream, values)
  const drawn = values.filter((_, index) => weights[index]! > 0)
  const positive = weights.filter((weight) => weight > 0)
  const total = positive.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  const bounds = positive.map((weight) => (sum += weight) / total)
  const last = drawn.length - 1
  return (stream) => {
    const place = stream.next()
    let index = 0
    while (index < last && place >= bounds[index]!) index++
    return drawn[index]!
  }
}

/** Draws from the list that belongs to the parent's value in this row. */
export function drawSubcategory(parentSlot: number, lists: ReadonlyMap<CategoryValue, readonly CategoryValue[]>): Draw {
  return (stream, raws) => drawItem(stream, lists.get(raws[parentSlot] as CategoryValue)!)
}

/** The keys under which a config may have written a parent's value: as it is, as Python writes it, before and after conversion. */
export function keysOfParentValue(value: CategoryValue, settled: CategoryValue): readonly string[] {
  return [settled, value].flatMap((form) => (typeof form === 'number' ? [String(form), pythonFloat(form)] : [form]))
}

function numberOfText(text: string): number | null {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : null
}
