/** What bytes are as a picture: by their structure, never by their name. Pure. */
import { crc32 } from 'node:zlib'

/** Formats of pictures, named as their files end. */
export type ImageFormat = 'png' | 'jpg' | 'gif' | 'webp'

/** A picture, or why the bytes are none. */
export type ImageReading = { readonly format: ImageFormat; readonly width: number; readonly height: number } | { readonly problem: string }

/** Media type of a format. */
export function imageMediaType(format: ImageFormat): string {
  return `image/${format === 'jpg' ? 'jpeg' : format}`
}

/** The format that the first bytes (12 are enough) claim, or null. */
export function claimedFormat(bytes: Uint8Array): ImageFormat | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 12)).toString('latin1')
  if (head.startsWith('\u0089PNG\r\n\u001a\n')) return 'png'
  if (head.startsWith('\u00ff\u00d8\u00ff')) return 'jpg'
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'gif'
  return head.startsWith('RIFF') && head.slice(8) === 'WEBP' ? 'webp' : null
}

/** Reads a picture from its first byte to its last: what is cut off or damaged in its structure is none. Pixels are not decoded. */
export function readImage(bytes: Uint8Array): ImageReading {
  const format = claimedFormat(bytes)
  if (format === null) return { problem: `its ${bytes.byteLength} bytes are no PNG, JPEG, GIF or WebP` }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = READERS[format](buffer)
  if (typeof size === 'string') return { problem: `its ${bytes.byteLength} bytes begin as ${format.toUpperCase()}, but ${size}` }
  const [width, height] = size
  return width > 0 && height > 0 ? { format, width, height } : { problem: 'it has no width or no height' }
}

/** Width and height, or what is wrong. */
type Size = readonly [width: number, height: number] | string

const CUT = 'end too soon'

const READERS: Readonly<Record<ImageFormat, (bytes: Buffer) => Size>> = { png: readPng, jpg: readJpeg, gif: readGif, webp: readWebp }

function readPng(bytes: Buffer): Size {
  let size: Size = CUT
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at)
    const end = at + 8 + length
    if (end + 4 > bytes.length) return CUT
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return `the checksum of a part (${type}) is wrong`
    if (at === 8) {
      if (type !== 'IHDR' || length !== 13) return 'the first part is no header'
      size = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)]
    }
    if (type === 'IEND') return size
    at = end + 4
  }
  return CUT
}

function readJpeg(bytes: Buffer): Size {
  let size: Size = CUT
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return 'a marker is missing'
    const marker = bytes[at + 1]!
    if (marker === 0xff) {
      at += 1
      continue
    }
    // The picture itself runs from here to the end marker.
    if (marker === 0xda) return bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) > at ? size : CUT
    const length = bytes.readUInt16BE(at + 2)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame && at + 9 <= bytes.length) size = [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)]
    if (length < 2) return 'a part has no length'
    at += 2 + length
  }
  return CUT
}

function readGif(bytes: Buffer): Size {
  if (bytes.length < 14 || bytes.lastIndexOf(0x3b) < 13) return CUT
  return [bytes.readUInt16LE(6), bytes.readUInt16LE(8)]
}

function readWebp(bytes: Buffer): Size {
  if (bytes.length < 30 || bytes.readUInt32LE(4) + 8 > bytes.length) return CUT
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return [bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff]
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21)
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
    }
    case 'VP8X':
      return [bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1]
    default:
      return 'their first part is unknown'
  }
}
