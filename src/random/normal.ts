/** Standard normal values by inversion (Wichura's AS 241, PPND16: relative error about 1e-16): one draw a value, no trigonometry. */
import { log } from './math.ts'
import type { RowStream } from './random.ts'

/** One standard normal value, from exactly one draw; at most 8.3 in size, for a draw has 53 bits. */
export function drawNormal(stream: RowStream): number {
  return normalQuantile(stream.next())
}

/** Half the distance from 0 to the smallest draw above it: stands for the draw 0, whose quantile would be −Infinity. */
const SMALLEST_TAIL = 0.5 / 0x20000000000000

/** The value below which a standard normal variable falls with probability `p`, 0 ≤ p < 1. */
export function normalQuantile(p: number): number {
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return q * ratio(CENTRE, r)
  }
  const tail = Math.max(q < 0 ? p : 1 - p, SMALLEST_TAIL)
  const r = Math.sqrt(-log(tail))
  const value = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(FAR, r - 5)
  return q < 0 ? -value : value
}

interface Rational {
  readonly above: readonly number[]
  readonly below: readonly number[]
}

/** Quotient of two polynomials, coefficients from the constant up. */
function ratio(rational: Rational, x: number): number {
  return horner(rational.above, x) / horner(rational.below, x)
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = coefficients[7]!
  for (let index = 6; index >= 0; index--) sum = sum * x + coefficients[index]!
  return sum
}

const CENTRE: Rational = {
  above: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087, 33430.57558358813,
    2509.0809287301227,
  ],
  below: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
    5226.495278852854,
  ],
}

const MIDDLE: Rational = {
  above: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
    0.022723844989269184, 0.0007745450142783414,
  ],
  below: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457, 0.0005475938084995345,
    1.0507500716444169e-9,
  ],
}

const FAR: Rational = {
  above: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124, 0.0012426609473880784,
    0.000027115555687434876, 2.0103343992922881e-7,
  ],
  below: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548, 1.421511758316446e-7,
    2.0442631033899397e-15,
  ],
}
