/** Answers as a journal keeps them: vectors packed, and of pictures only the names, their bytes being on disk already. */
import { readImage } from '../../columns/media/image-facts.ts'
import { packVectors } from '../../columns/media/vectors.ts'
import type { KeptAnswer, KeptImage, Picture } from '../../model/client.ts'
import type { ImageStore } from './image-store.ts'

/** The answer to keep; the same one where it has neither. Throws `DISK_FULL`, `STORAGE_FAILED`. */
export async function compactAnswer(answer: KeptAnswer, store: ImageStore): Promise<KeptAnswer> {
  const { vectors, pictures, ...rest } = answer
  if (vectors !== undefined) {
    const isEven = vectors.every((vector) => vector.length === vectors[0]?.length)
    return isEven ? { ...rest, embeddings: packVectors(vectors) } : rest
  }
  return pictures === undefined ? answer : { ...rest, ...(await keepPictures(pictures, store)) }
}

/** All of them, or why one of them is none: an answer that is half a picture is asked again. */
async function keepPictures(pictures: readonly Picture[], store: ImageStore): Promise<Pick<KeptAnswer, 'images' | 'imageProblem'>> {
  const read = pictures.map(readPicture)
  for (const picture of read) if ('problem' in picture) return { images: [], imageProblem: picture.problem }
  const images: KeptImage[] = []
  for (const picture of read) if ('bytes' in picture) images.push(await store.keep(picture.bytes, picture.format))
  return { images }
}

type Read = { readonly bytes: Uint8Array; readonly format: string } | { readonly problem: string }

function readPicture(picture: Picture): Read {
  if ('problem' in picture) return picture
  if ('url' in picture) return { problem: 'it was not fetched' }
  const bytes = 'bytes' in picture ? picture.bytes : decode(picture.base64)
  if (bytes === null) return { problem: 'it is not base64' }
  const image = readImage(bytes)
  return 'problem' in image ? image : { bytes, format: image.format }
}

function decode(text: string): Uint8Array | null {
  const base64 = text.replace(/^data:[^,]*,/, '')
  return /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64) ? Buffer.from(base64, 'base64') : null
}
