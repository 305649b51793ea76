/** A small valid PNG of no model: a pure function of the request, with a text inside that says what it is. */
import { crc32 } from 'node:zlib'
import { REHEARSAL_LABEL } from './words.ts'

const SIDE = 16

/** A picture of 16 × 16 pixels whose two colours come from the digest (at least 8 bytes). */
export function rehearsePng(digest: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIDE, 0)
  header.writeUInt32BE(SIDE, 4)
  // Eight bits a channel, red, green and blue.
  header.set([8, 2, 0, 0, 0], 8)
  const comment = Buffer.from(`Comment\0${REHEARSAL_LABEL}no model drew this`, 'latin1')
  const parts = [part('IHDR', header), part('tEXt', comment), part('IDAT', stored(pixelsOf(digest))), part('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), ...parts])
}

/** A checkerboard; each line begins with the number of its filter, 0. */
function pixelsOf(digest: Buffer): Buffer {
  const [one, other] = [digest.subarray(0, 3), digest.subarray(3, 6)]
  const lines = Array.from({ length: SIDE }, (_, y) =>
    Buffer.concat([Buffer.from([0]), ...Array.from({ length: SIDE }, (_pixel, x) => (((x >> 2) + (y >> 2)) % 2 === 0 ? one : other))]),
  )
  return Buffer.concat(lines)
}

/** A zlib stream of one stored block: compressors differ between machines, and these bytes must not. */
function stored(data: Buffer): Buffer {
  const head = Buffer.alloc(7)
  head.set([0x78, 0x01, 0x01])
  head.writeUInt16LE(data.length, 3)
  head.writeUInt16LE(~data.length & 0xffff, 5)
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(adler32(data))
  return Buffer.concat([head, data, tail])
}

function adler32(data: Buffer): number {
  let [a, b] = [1, 0]
  for (const byte of data) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return ((b << 16) | a) >>> 0
}

function part(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
