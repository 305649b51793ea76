/** Standard normal values within bounds after Robert ("Simulation of truncated normal variables", 1995): rejection that stays quick far out. */
import { exp, log } from './math.ts'
import { drawNormal } from './normal.ts'
import type { RowStream } from './random.ts'

/** A function that draws one standard normal value from [low, high], low < high. */
export function createTruncatedNormal(low: number, high: number): (stream: RowStream) => number {
  if (high <= 0) {
    const mirrored = createTruncatedNormal(-high, -low)
    return (stream) => -mirrored(stream)
  }
  if (low < 0) return high - low > WIDE ? fromNormal(low, high) : fromUniform(low, high, 0)
  const root = Math.sqrt(low * low + 4)
  const rate = (low + root) / 2
  const isNarrow = high - low <= (2 / (low + root)) * exp(0.5 + (low * low - low * root) / 4)
  return isNarrow ? fromUniform(low, high, low * low) : fromExponential(low, high, rate)
}

const WIDE = Math.sqrt(2 * Math.PI)

function fromNormal(low: number, high: number): (stream: RowStream) => number {
  return (stream) => {
    for (;;) {
      const x = drawNormal(stream)
      if (x >= low && x <= high) return x
    }
  }
}

/** `top` is the square of the bound that lies nearest to 0, where the density is highest. */
function fromUniform(low: number, high: number, top: number): (stream: RowStream) => number {
  return (stream) => {
    for (;;) {
      const x = Math.min(low + (high - low) * stream.next(), high)
      if (stream.next() <= exp((top - x * x) / 2)) return x
    }
  }
}

function fromExponential(low: number, high: number, rate: number): (stream: RowStream) => number {
  return (stream) => {
    for (;;) {
      const x = low - log(1 - stream.next()) / rate
      const distance = x - rate
      if (x <= high && stream.next() <= exp((-distance * distance) / 2)) return x
    }
  }
}
