import { describe, expect, it } from 'vitest'
import { philox4x32 } from '../../src/random/philox.ts'

function block(counter: readonly [number, number, number, number], key: readonly [number, number]): string[] {
  const out = new Uint32Array(4)
  philox4x32(...counter, ...key, out)
  return [...out].map((word) => word.toString(16).padStart(8, '0'))
}

describe('Philox4x32-10', () => {
  // the three known answers that Random123 ships in tests/kat_vectors
  it('gives the known answer for a counter and key of zeros', () => {
    expect(block([0, 0, 0, 0], [0, 0])).toEqual(['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8'])
  })

  it('gives the known answer for a counter and key of ones', () => {
    const ones = 0xffffffff
    expect(block([ones, ones, ones, ones], [ones, ones])).toEqual(['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd'])
  })

  it('gives the known answer for the digits of pi', () => {
    expect(block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      'd16cfe09',
      '94fdcceb',
      '5001e420',
      '24126ea1',
    ])
  })
})
