/**
 * Leaves → encoded pages, through parquetjs-lite's page encoder.
 *
 * That encoder is private to the library, but `ParquetWriter.close` runs it on whatever stands in `rowBuffer`, synchronously and
 * before it calls its envelope. So a writer on an envelope that only keeps the pages is the page encoder.
 */
import parquetjs from 'parquetjs-lite'

import type { EncodedPage, Envelope, RowBuffer } from 'parquetjs-lite'
import { clearLeaf } from './shred-columns.ts'
import type { Leaf } from './shred-columns.ts'

/** A page is closed at the first row at which it has this many bytes of values, … */
const PAGE_SIZE_BYTES = 1 << 20
/** … or this many entries: parquetjs-lite's level encoder takes time in the square of it. */
const PAGE_ENTRY_COUNT = 8192

/** True when a leaf's entries should become a page, asked between rows. */
export function isPageFull(leaf: Leaf): boolean {
  return leaf.data.dlevels.length >= PAGE_ENTRY_COUNT || leaf.sizeBytes >= PAGE_SIZE_BYTES
}

/** Encodes a leaf's entries as one data page of version 1, which every reader knows, and clears the leaf; null when there are none. */
export async function encodePage(leaf: Leaf): Promise<EncodedPage | null> {
  const entryCount = leaf.data.dlevels.length
  if (entryCount === 0) return null
  const key = String(leaf.field.path)
  const pages: EncodedPage[] = []
  const rowBuffer: RowBuffer = {
    rowCount: entryCount,
    pageRowCount: entryCount,
    columnData: Object.fromEntries([[key, leaf.data]]),
    pages: Object.fromEntries([[key, pages]]),
  }
  const writer = new parquetjs.ParquetWriter({ fields: {}, fieldList: [leaf.field] }, KEEP_PAGES_ONLY, {})
  writer.rowBuffer = rowBuffer
  await writer.close()
  clearLeaf(leaf)
  const page = pages[0]
  if (pages.length !== 1 || page === undefined) throw new Error(`parquetjs-lite made ${pages.length} pages where one was expected`)
  return page
}

const KEEP_PAGES_ONLY: Envelope = {
  useDataPageV2: false,
  writeHeader: nothing,
  writeRowGroup: nothing,
  writeIndex: nothing,
  writeFooter: nothing,
  close: nothing,
}

function nothing(): void {}
