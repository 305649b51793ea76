/** Gamma values after Marsaglia and Tsang ("A Simple Method for Generating Gamma Variables", 2000), for any shape above 0. */
import { exp, log } from './math.ts'
import { drawNormal } from './normal.ts'
import type { RowStream } from './random.ts'

/** A function that draws one gamma value of scale 1. Small shapes give 0 where the value is too small for a double. */
export function createGamma(shape: number): (stream: RowStream) => number {
  if (shape >= 1) return squeeze(shape)
  const draw = createLogGamma(shape)
  return (stream) => exp(draw(stream))
}

/** The same on the scale of logarithms, on which nothing is too small. */
export function createLogGamma(shape: number): (stream: RowStream) => number {
  if (shape >= 1) {
    const draw = squeeze(shape)
    return (stream) => log(draw(stream))
  }
  const draw = squeeze(shape + 1)
  return (stream) => {
    const larger = draw(stream)
    return log(larger) + log(1 - stream.next()) / shape
  }
}

/** For shapes from 1 on: accepts about 95 of 100 tries or more, each of a normal value and a draw. */
function squeeze(shape: number): (stream: RowStream) => number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  return (stream) => {
    for (;;) {
      const x = drawNormal(stream)
      const t = 1 + c * x
      if (t <= 0) continue
      const v = t * t * t
      const u = 1 - stream.next()
      const square = x * x
      if (u < 1 - 0.0331 * square * square) return d * v
      if (log(u) < 0.5 * square + d * (1 - v + log(v))) return d * v
    }
  }
}
