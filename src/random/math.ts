/**
 * Logarithms and exponentials made of +, −, × and ÷ only. ECMAScript leaves the last bits of Math.log, exp, sin and pow to the
 * engine, and engines have changed them; a dataset's values must be the same on every engine and in every release.
 * Errors stay below 2 units in the last place, which test/random/math.test.ts compares with the engine's own.
 */

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const SQRT_HALF = Math.SQRT1_2
const EXPONENT_BIAS = 1023
const EXP_OVERFLOW = 709.782712893384
const EXP_UNDERFLOW = -745.2

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)
/** Index of the word with sign and exponent: 1 on little-endian machines. */
const HIGH_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0

/** Natural logarithm of a positive, finite number; −Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN
  if (x === Infinity) return Infinity
  let exponent = 0
  let scaled = x
  if (scaled < 2.2250738585072014e-308) {
    scaled *= 0x40000000000000
    exponent = -54
  }
  float[0] = scaled
  const high = words[HIGH_WORD]!
  exponent += (high >>> 20) - EXPONENT_BIAS + 1
  words[HIGH_WORD] = (high & 0x000fffff) | ((EXPONENT_BIAS - 1) << 20)
  let mantissa = float[0]
  if (mantissa < SQRT_HALF) {
    mantissa *= 2
    exponent -= 1
  }
  return exponent * LN2_HIGH + (logOnePlusSmall(mantissa - 1) + exponent * LN2_LOW)
}

/** log(1 + x) without loss for small x; x > −1. */
export function log1p(x: number): number {
  return x > -0.29 && x < 0.41 ? logOnePlusSmall(x) : log(1 + x)
}

/** e^x; 0 below about −745, Infinity above about 709.78. */
export function exp(x: number): number {
  if (x > EXP_OVERFLOW) return Infinity
  if (x < EXP_UNDERFLOW) return 0
  const power = Math.round(x * Math.LOG2E)
  const rest = x - power * LN2_HIGH - power * LN2_LOW
  let sum = 1
  for (let term = 18; term > 0; term--) sum = 1 + (rest * sum) / term
  return scaleByPowerOfTwo(sum, power)
}

/** log(1 + f) for f in [√½ − 1, √2 − 1]: f − (f²/2 − s·(f²/2 + R)) with s = f/(2 + f), R the rest of the series of 2·artanh(s). */
function logOnePlusSmall(f: number): number {
  const s = f / (2 + f)
  const z = s * s
  const rest =
    z *
    (2 / 3 +
      z *
        (2 / 5 +
          z *
            (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21 + (z * 2) / 23))))))))))
  const half = 0.5 * f * f
  return f - (half - s * (half + rest))
}

function scaleByPowerOfTwo(value: number, power: number): number {
  if (power < -1000) return value * powerOfTwo(power + 100) * powerOfTwo(-100)
  if (power > 1000) return value * powerOfTwo(power - 100) * powerOfTwo(100)
  return value * powerOfTwo(power)
}

/** 2^power for −1022 ≤ power ≤ 1023, exactly. */
function powerOfTwo(power: number): number {
  words[HIGH_WORD] = (power + EXPONENT_BIAS) << 20
  words[1 - HIGH_WORD] = 0
  return float[0]!
}
