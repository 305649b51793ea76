/**
 * Names of pictures: `images/<column>/<row>-<refill>-<place in the cell>-<content>.<format>`. The same answer has the same name whoever
 * makes the row and when; and since the name holds the beginning of the content's SHA-256, a cell, which the checksum of its file covers,
 * says what the picture must be.
 */
import { createHash } from 'node:crypto'
import type { ImageCell } from '../../columns/media/cell-media.ts'
import { isPlainFileName, keys } from '../layout.ts'

/** The file of a content, without its folder: 32 hex digits and the format. */
const CONTENT = /^([0-9a-f]{32})\.(png|jpg|gif|webp)$/

/** Name of a content. */
export function contentName(bytes: Uint8Array, format: string): string {
  return `${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.${format}`
}

/** Path of a picture in the dataset's folder; it is its key as well. */
export function imagePath({ column, row, refill }: ImageCell, place: number, content: string): string {
  return `${keys.imagesFolder}/${imageFolderOf(column)}/${String(row).padStart(8, '0')}-${refill}-${place}-${content}`
}

/** What a path of ours says: null for any other. */
export function parseImagePath(
  path: string,
): { readonly row: number; readonly content: string; readonly format: 'png' | 'jpg' | 'gif' | 'webp' } | null {
  const [folder, column, name, ...more] = path.split('/')
  if (folder !== keys.imagesFolder || column === undefined || name === undefined || more.length > 0) return null
  const [, row, content] = /^(\d{8,})-\d+-\d+-(.+)$/.exec(name) ?? []
  const format = CONTENT.exec(content ?? '')?.[2]
  if (row === undefined || content === undefined || format === undefined) return null
  return { row: Number(row), content, format: format as 'png' | 'jpg' | 'gif' | 'webp' }
}

/** The folder of a column's pictures: its name where that can be a folder's, else what is left of it with a mark that keeps it unique. */
export function imageFolderOf(column: string): string {
  if (isPlainFileName(column) && !column.startsWith('.')) return column
  const mark = createHash('sha256').update(column).digest('hex').slice(0, 8)
  const rest = column.replace(/[^\p{L}\p{N}_-]+/gu, '_').slice(0, 40)
  return `${rest}-${mark}`
}
