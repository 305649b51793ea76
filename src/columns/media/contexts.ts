/**
 * What a model is shown beside the words (`multi_modal_context`): pictures, sounds and films from other columns of the row, each by its
 * address, as base64, or from a file in the dataset's folder. A value that cannot be shown costs its row, never silently the picture.
 */
import { hash } from 'node:crypto'
import type { MediaContext } from '../../config/compiled.ts'
import { ParquetryError } from '../../errors.ts'
import type { MediaPart } from '../../model/client.ts'
import type { Value } from '../../values.ts'
import type { CellRow } from '../generator.ts'
import type { CellMedia } from './cell-media.ts'
import { claimedFormat, imageMediaType } from './image-facts.ts'
import { createTurns } from './turns.ts'

/** The contexts of a column, ready for its rows. */
export interface ColumnContexts {
  /** Columns that they read. */
  readonly inputs: readonly string[]
  /** The media of a row, in the order of the config. Throws `MEDIA_INVALID`. */
  build(row: CellRow, media: CellMedia): Promise<readonly MediaPart[]>
}

/** Compiles the contexts of a column. */
export function compileContexts(column: { readonly name: string; readonly multi_modal_context?: readonly MediaContext[] }): ColumnContexts {
  const contexts = column.multi_modal_context ?? []
  return {
    inputs: [...new Set(contexts.map(({ column_name: name }) => name))],
    async build(row, media) {
      const parts: MediaPart[] = []
      for (const context of contexts) {
        for (const value of valuesOf(row.get(context.column_name))) {
          const part = await partOf(value, context, media)
          if ('problem' in part) throw mediaInvalid(column.name, context, part.problem)
          parts.push(part)
        }
      }
      return parts
    },
  }
}

/** A cell is one value, a list, or a list written as JSON. */
function valuesOf(cell: Value): readonly unknown[] {
  if (Array.isArray(cell)) return cell as readonly unknown[]
  if (typeof cell !== 'string' || !cell.trimStart().startsWith('[')) return [cell]
  try {
    const parsed: unknown = JSON.parse(cell)
    return Array.isArray(parsed) ? parsed : [cell]
  } catch {
    return [cell]
  }
}

type Problem = { readonly problem: string }

async function partOf(value: unknown, context: MediaContext, media: CellMedia): Promise<MediaPart | Problem> {
  if (typeof value !== 'string') return { problem: value === null || value === undefined ? 'nothing' : `a ${typeof value}` }
  const text = value.trim()
  if (text === '') return { problem: 'an empty text' }
  const { modality, data_type: type } = context
  const isAddress = /^https?:\/\//i.test(text)
  const isPath = !isAddress && text.length <= LONGEST_PATH && ENDINGS[modality].test(text)
  if (type === 'url') {
    // A model on this very machine may read files by their paths; for pictures any address is passed on.
    if (modality !== 'image' && !isAddress && !isPath) return { problem: 'no address that begins with http, and no path of a file' }
    return urlPart(modality, text)
  }
  if (type === null && isAddress) return urlPart(modality, text)
  if (isPath && modality !== 'image') return { problem: 'a path; set data_type: url, or give base64' }
  if (isPath && type === null) return await filePart(text, media)
  return text.length < LONG_TEXT ? base64Part(text, context) : await inTurn(() => base64Part(text, context))
}

/** From here on looking at a text and hashing it takes a good part of a millisecond, for each of a thousand rows that begin together. */
const LONG_TEXT = 65_536
const inTurn = createTurns()

/** Longer texts are no paths. */
const LONGEST_PATH = 1_000
const ENDINGS = { image: /\.(?:png|jpe?g|gif|webp)$/i, audio: /\.(?:mp3|wav)$/i, video: /\.(?:mp4|mov|webm)$/i } as const

function urlPart(modality: MediaPart['modality'], url: string): MediaPart {
  return { modality, id: url, label: url.startsWith('data:') ? describeBase64('a data URI', url) : url, source: { type: 'url', url } }
}

async function filePart(path: string, media: CellMedia): Promise<MediaPart | Problem> {
  const found = await media.find(path)
  if ('problem' in found) return { problem: `the path ${JSON.stringify(path)}: ${found.problem}` }
  const mediaType = imageMediaType(found.format)
  return {
    modality: 'image',
    id: `${mediaType} sha256:${found.sha256}`,
    label: path,
    source: { type: 'base64', mediaType, data: () => found.read() },
  }
}

/** Media type → what the config calls it; the first of each format is what is sent for base64 without a type. */
const TYPES = {
  image: { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/jpg': 'jpg', 'image/gif': 'gif', 'image/webp': 'webp' },
  audio: {
    'audio/mpeg': 'mp3',
    'audio/mp3': 'mp3',
    'audio/wav': 'wav',
    'audio/wave': 'wav',
    'audio/x-wav': 'wav',
    'audio/vnd.wave': 'wav',
  },
  video: { 'video/mp4': 'mp4', 'video/quicktime': 'mov', 'video/webm': 'webm' },
} as const satisfies Record<MediaPart['modality'], Readonly<Record<string, string>>>

function base64Part(text: string, context: MediaContext): MediaPart | Problem {
  const types: Readonly<Record<string, string>> = TYPES[context.modality]
  const said = context.image_format ?? context.audio_format ?? context.video_format ?? null
  const format = said === 'jpeg' ? 'jpg' : said
  const uri = /^data:([^;,]+)((?:;[^;,]+)*),/.exec(text)
  if (uri !== null) {
    const type = (uri[1] ?? '').toLowerCase()
    if (!(uri[2] ?? '').endsWith(';base64')) return { problem: 'a data URI that is not base64' }
    if (!Object.hasOwn(types, type)) return { problem: `a data URI of the type ${type}` }
    if (format !== null && types[type] !== format) return { problem: `a data URI of the type ${type}, though the format is ${said}` }
    return inline(context.modality, canonicalType(types, type), text.slice(uri[0].length))
  }
  if (format !== null)
    return inline(
      context.modality,
      Object.keys(types).find((type) => types[type] === format)!,
      text,
    )
  if (context.modality !== 'image') return { problem: `base64 without ${context.modality}_format, which says what it is` }
  const claimed = claimedFormat(Buffer.from(text.slice(0, 24), 'base64'))
  if (claimed === null) return { problem: `a text of ${text.length} characters that is no path, no address and no picture as base64` }
  return inline('image', imageMediaType(claimed), text)
}

function canonicalType(types: Readonly<Record<string, string>>, type: string): string {
  return Object.keys(types).find((candidate) => types[candidate] === types[type]) ?? type
}

const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/

function inline(modality: MediaPart['modality'], mediaType: string, text: string): MediaPart | Problem {
  if (!BASE64.test(text)) return { problem: `${text.length} characters that are not base64` }
  const data = /\s/.test(text) ? text.replace(/\s+/g, '') : text
  return {
    modality,
    id: `${mediaType} base64:${hash('sha256', data, 'hex')}`,
    label: describeBase64(mediaType, data),
    source: { type: 'base64', mediaType, data },
  }
}

function describeBase64(what: string, data: string): string {
  return `${what}, ${data.length} characters`
}

function mediaInvalid(column: string, { modality, column_name: from }: MediaContext, found: string): ParquetryError {
  const expected = { image: 'a picture', audio: 'a sound', video: 'a film' }[modality]
  return new ParquetryError('MEDIA_INVALID', `Column "${column}": expected ${expected} in "${from}", found ${found}.`, {
    column,
    context: from,
    wayOut:
      'Give an http address, base64, or for pictures a path in the folder of the dataset; or skip the cell where there is nothing to show.',
  })
}
