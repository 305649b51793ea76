/**
 * Values while a template runs: Python's, as plain data. Nothing here is a JavaScript object that a template could look into:
 * dicts are Maps, lists are arrays read by index only, and every other class below is closed to attribute access.
 *
 * Invariants: an integer is a `number` if and only if it is within ±(2^53−1), else a `bigint`; every float is a `Float`.
 */
/** Any value of a running template. */
export type Runtime = null | boolean | number | bigint | string | Float | Tuple | JsonText | Undefined | readonly Runtime[] | Dict
/** A dict: text and other scalar keys, in their order. */
export type Dict = ReadonlyMap<DictKey, Runtime>
/** Keys of a dict. Floats with an integer's value are stored as that integer, as Python finds them equal. */
export type DictKey = string | number | bigint | boolean | null

/** A Python float. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** A Python tuple. */
export class Tuple {
  readonly items: readonly Runtime[]
  constructor(items: readonly Runtime[]) {
    this.items = items
  }
}

/** A column's text that holds a JSON object or array: printed as it stands, opened for fields and items. */
export class JsonText {
  readonly text: string
  readonly opened: readonly Runtime[] | Dict
  constructor(text: string, opened: readonly Runtime[] | Dict) {
    this.text = text
    this.opened = opened
  }
}

/** A missing name, field or item: usable in `is defined` only, and an error everywhere else. */
export class Undefined {
  /** What is missing, as a sentence without its full stop. */
  readonly reason: string
  /** True for an inline `if` without `else`: Jinja2 lets it print as nothing, count as false and loop over nothing, even when strict. */
  readonly isLenient: boolean
  constructor(reason: string, isLenient = false) {
    this.reason = reason
    this.isLenient = isLenient
  }
}

/** An integer in its one form: `number` within ±(2^53−1), else `bigint`. */
export function normalizeInteger(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}
