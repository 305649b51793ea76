/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC11): a bijection of 128-bit
 * counters under a 64-bit key that passes BigCrush. It keeps no state, so any place of any stream costs the same to reach.
 */

const MULTIPLIER_0_HIGH = 0xd251
const MULTIPLIER_0_LOW = 0x1f53
const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1_HIGH = 0xcd9e
const MULTIPLIER_1_LOW = 0x8d57
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10

/**
 * Writes the four words of the block at counter (c0, c1, c2, c3) under key (k0, k1) to `out[0…3]`.
 * All words are taken modulo 2^32; an Int32Array would keep the bits but lose the sign convention, hence Uint32Array.
 */
export function philox4x32(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: Uint32Array): void {
  for (let round = 0; round < ROUNDS; round++) {
    // the high words of two 32 × 32 bit products, from 16-bit halves, which never leave integer arithmetic
    const low0 = c0 & 0xffff
    const top0 = c0 >>> 16
    const cross0 = Math.imul(MULTIPLIER_0_HIGH, low0) + (Math.imul(MULTIPLIER_0_LOW, low0) >>> 16)
    const carry0 = Math.imul(MULTIPLIER_0_LOW, top0) + (cross0 & 0xffff)
    const high0 = Math.imul(MULTIPLIER_0_HIGH, top0) + (cross0 >>> 16) + (carry0 >>> 16)
    const low2 = c2 & 0xffff
    const top2 = c2 >>> 16
    const cross2 = Math.imul(MULTIPLIER_1_HIGH, low2) + (Math.imul(MULTIPLIER_1_LOW, low2) >>> 16)
    const carry2 = Math.imul(MULTIPLIER_1_LOW, top2) + (cross2 & 0xffff)
    const high2 = Math.imul(MULTIPLIER_1_HIGH, top2) + (cross2 >>> 16) + (carry2 >>> 16)
    const product0 = Math.imul(MULTIPLIER_0, c0)
    c0 = high2 ^ c1 ^ k0
    c1 = Math.imul(MULTIPLIER_1, c2)
    c2 = high0 ^ c3 ^ k1
    c3 = product0
    k0 = (k0 + WEYL_0) | 0
    k1 = (k1 + WEYL_1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}
