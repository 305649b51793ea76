/** The port to the pictures of the dataset that is being made. */
import { ParquetryError } from '../../errors.ts'
import type { KeptImage } from '../../model/client.ts'
import type { ImageFormat } from './image-facts.ts'

/** The cell that pictures are for. */
export interface ImageCell {
  readonly column: string
  readonly row: number
  readonly refill: number
}

/** A picture in the dataset's folder. */
export interface FoundImage {
  readonly format: ImageFormat
  /** 64 hex digits. */
  readonly sha256: string
  /** The content as base64. */
  read(): Promise<string>
}

/** See the head of the file. */
export interface CellMedia {
  /** What stands in a cell for the pictures of an answer: paths in the dataset's folder; in a preview, their base64. */
  cellOf(cell: ImageCell, images: readonly KeptImage[]): readonly string[]
  /** The picture at a path in the dataset's folder, or why there is none. Paths never lead out of the folder. */
  find(path: string): Promise<FoundImage | { readonly problem: string }>
}

/** For columns that have nothing to do with pictures. */
export const NO_MEDIA: CellMedia = {
  cellOf() {
    throw new ParquetryError('INTERNAL', 'expected a place for pictures, found none')
  },
  find: () => Promise.resolve({ problem: 'there is no folder' }),
}
