/**
 * The pictures of an open row group. A picture is on disk, under the name of its content beside the journal, before the journal says so;
 * the line only names it. Under its final name it is put when its row is committed (`link-images.ts`).
 */
import { createHash } from 'node:crypto'
import type { CellMedia, FoundImage } from '../../columns/media/cell-media.ts'
import { readImage } from '../../columns/media/image-facts.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { KeptImage } from '../../model/client.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import { contentName, imagePath, parseImagePath } from './image-names.ts'

/** Where pictures go. */
export interface ImageStore extends CellMedia {
  /** Keeps a picture that was found to be one; on disk when the promise resolves. */
  keep(bytes: Uint8Array, format: string): Promise<KeptImage>
}

/** Bytes of a picture in the folder that is shown to a model at most. */
const MAX_IMAGE_BYTES = 32 * 1024 * 1024

/** The store of a row group in a dataset's folder. */
export function createImageStore(storage: Storage, rowGroupId: number): ImageStore {
  const keptKey = (content: string): string => `${keys.keptImages(rowGroupId)}/${content}`
  const oneByOne = createLock()
  return {
    async keep(bytes, format) {
      const file = contentName(bytes, format)
      await storage.createExclusive(keptKey(file), bytes)
      return { file, sizeBytes: bytes.byteLength }
    },
    cellOf: (cell, images) => images.map(({ file }, place) => imagePath(cell, place, file)),
    async find(path) {
      const key = path.replace(/^(?:\.\/)+/, '')
      const own = parseImagePath(key)
      if (own !== null) {
        const { content, format } = own
        // Its row may be open yet, or committed.
        const read = async (): Promise<Uint8Array | null> => (await storage.read(keptKey(content))) ?? (await storage.read(key))
        return { format, sha256: content.slice(0, 32), read: async () => toBase64(await read(), key) }
      }
      return await oneByOne(() => findOther(storage, key))
    },
  }
}

/** A picture that somebody else has put into the folder. */
async function findOther(storage: Storage, key: string): Promise<FoundImage | { readonly problem: string }> {
  try {
    const facts = await storage.stat(key)
    if (facts === null) return { problem: 'there is no such file in the folder of the dataset' }
    if (facts.sizeBytes > MAX_IMAGE_BYTES) return { problem: `it has ${facts.sizeBytes} bytes, more than ${MAX_IMAGE_BYTES}` }
    const bytes = await storage.read(key)
    if (bytes === null) return { problem: 'there is no such file in the folder of the dataset' }
    const image = readImage(bytes)
    if ('problem' in image) return { problem: image.problem }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { format: image.format, sha256, read: async () => toBase64(await storage.read(key), key) }
  } catch (error) {
    if (isParquetryError(error) && error.code === 'DATASET_NAME_INVALID') return { problem: 'it leads out of the folder of the dataset' }
    throw error
  }
}

function toBase64(bytes: Uint8Array | null, key: string): string {
  if (bytes !== null) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  throw new ParquetryError('MEDIA_INVALID', `expected the picture ${key} in the folder of the dataset, found nothing there`, {
    wayOut: 'put it back, or make its row group again (verify --repair)',
  })
}

/** The store of a preview: nothing is written, and cells hold the pictures themselves. */
export function createMemoryImages(): ImageStore {
  return {
    keep(bytes, format) {
      const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
      return Promise.resolve({ file: contentName(bytes, format), sizeBytes: bytes.byteLength, base64 })
    },
    cellOf: (_cell, images) => images.map(({ base64 = '' }) => base64),
    find: () => Promise.resolve({ problem: 'a preview has no folder to look in' }),
  }
}

/** One at a time, in the order of the calls: each holds a whole picture in memory. */
function createLock(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => undefined)
    return next
  }
}
