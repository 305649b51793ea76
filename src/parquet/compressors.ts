/** Codecs that files of other programs use; ours are written with SNAPPY, which hyparquet knows by itself. */
import type { Compressors, FileMetaData } from 'hyparquet'

const BUILT_IN: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY'])

/** The decompressors a file needs beyond the built-in ones, as an option of hyparquet; loaded only then. */
export async function compressorsFor({ row_groups: rowGroups }: FileMetaData): Promise<{ readonly compressors?: Compressors }> {
  const isForeign = rowGroups.some(({ columns }) =>
    columns.some(({ meta_data: chunk }) => chunk !== undefined && !BUILT_IN.has(chunk.codec)),
  )
  return isForeign ? { compressors: (await import('hyparquet-compressors')).compressors } : {}
}
