import { describe, expect, it } from 'vitest'
import { readImage } from '../../../src/columns/media/image-facts.ts'
import { rehearsePng } from '../../../src/rehearsal/png.ts'
import { PICTURES } from './pictures.ts'

describe('bytes as a picture', () => {
  it.each(Object.entries(PICTURES))('are read by their structure: %s', (name, bytes) => {
    expect(readImage(bytes)).toEqual({ format: name.split(',')[0], width: 3, height: 2 })
  })

  it.each(Object.entries(PICTURES))('are none when they end too soon: %s', (_name, bytes) => {
    for (const length of [0, 5, 12, bytes.length >> 1, bytes.length - 1])
      expect(readImage(bytes.subarray(0, length))).toHaveProperty('problem')
  })

  it('are none when a checksum inside is wrong, and what is text or HTML is none', () => {
    const png = Buffer.from(PICTURES.png)
    png[20] = 9
    expect(readImage(png)).toEqual({ problem: expect.stringContaining('the checksum of a part (IHDR) is wrong') as string })
    expect(readImage(Buffer.from('<html>no picture</html>'))).toEqual({ problem: 'its 23 bytes are no PNG, JPEG, GIF or WebP' })
  })

  it('of the rehearsal are a PNG, the same for the same request on every machine', () => {
    const digest = Buffer.alloc(32, 7)
    expect(readImage(rehearsePng(digest))).toEqual({ format: 'png', width: 16, height: 16 })
    expect(rehearsePng(digest).toString('latin1')).toContain('[rehearsal]')
    expect(rehearsePng(Buffer.alloc(32, 8))).not.toEqual(rehearsePng(digest))
  })
})
