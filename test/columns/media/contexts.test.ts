import { describe, expect, it } from 'vitest'
import type { CellMedia } from '../../../src/columns/media/cell-media.ts'
import { compileContexts } from '../../../src/columns/media/contexts.ts'
import type { MediaContext } from '../../../src/config/compiled.ts'
import type { Value } from '../../../src/values.ts'
import { row } from '../llm-builders.ts'
import { PICTURES, PNG_TEXT } from './pictures.ts'

const folder: CellMedia = {
  cellOf: () => [],
  find: (path) =>
    Promise.resolve(
      path === 'images/p/1.png'
        ? { format: 'png', sha256: 'abc', read: () => Promise.resolve(PNG_TEXT) }
        : { problem: path.startsWith('..') ? 'it leads out of the folder of the dataset' : 'there is no such file' },
    ),
}

const image = (more: Partial<MediaContext> = {}): MediaContext => ({ modality: 'image', column_name: 'c', data_type: null, ...more })

/** What is shown for a cell; a text for what is refused. */
async function shown(context: MediaContext, cell: Value): Promise<unknown> {
  const contexts = compileContexts({ name: 'text', multi_modal_context: [context] })
  expect(contexts.inputs).toEqual(['c'])
  try {
    return (await contexts.build(row({ c: cell }), folder)).map(({ source, label }) =>
      source.type === 'url' ? source.url : `${source.mediaType} ${typeof source.data === 'string' ? source.data : `later: ${label}`}`,
    )
  } catch (error) {
    expect(error).toMatchObject({ code: 'MEDIA_INVALID', details: { column: 'text', context: 'c' } })
    return (error as Error).message
  }
}

describe('multi-modal context', () => {
  it.each<[string, MediaContext, Value, readonly string[]]>([
    ['an address', image(), 'https://x.test/a?b', ['https://x.test/a?b']],
    ['a list', image(), ['https://x.test/a', 'images/p/1.png'], ['https://x.test/a', 'image/png later: images/p/1.png']],
    ['a list as JSON', image(), '["https://x.test/a"]', ['https://x.test/a']],
    ['an empty list', image(), [], []],
    ['base64, told by its bytes', image(), PICTURES.jpg.toString('base64'), [`image/jpeg ${PICTURES.jpg.toString('base64')}`]],
    ['base64 with line breaks', image(), `${PNG_TEXT.slice(0, 40)}\n${PNG_TEXT.slice(40)}\n`, [`image/png ${PNG_TEXT}`]],
    ['a data URI', image(), `data:image/jpg;base64,${PNG_TEXT}`, [`image/jpeg ${PNG_TEXT}`]],
    ['base64 of a format', image({ data_type: 'base64', image_format: 'jpeg' }), 'AAAA', ['image/jpeg AAAA']],
    ['anything as an address', image({ data_type: 'url' }), '/mnt/a.png', ['/mnt/a.png']],
    ['a sound by its address', { ...image(), modality: 'audio' }, 'http://x.test/a.wav', ['http://x.test/a.wav']],
    ['a sound as base64', { ...image(), modality: 'audio', audio_format: 'mp3' }, 'AAAA', ['audio/mpeg AAAA']],
    ['a sound in a data URI', { ...image(), modality: 'audio' }, 'data:audio/x-wav;base64,AAAA', ['audio/wav AAAA']],
    ['a film by its path', { ...image(), modality: 'video', data_type: 'url' }, '/mnt/a.mp4', ['/mnt/a.mp4']],
    ['a film as base64', { ...image(), modality: 'video', video_format: 'mov' }, 'AAAA', ['video/quicktime AAAA']],
  ])('shows %s', async (_name, context, cell, expected) => {
    expect(await shown(context, cell)).toEqual(expected)
  })

  it.each<[string, MediaContext, Value, string]>([
    ['nothing', image(), null, 'expected a picture in "c", found nothing.'],
    ['an empty text', image(), ' ', 'found an empty text.'],
    [
      'a path out of the folder',
      image(),
      '../../etc/a.png',
      'found the path "../../etc/a.png": it leads out of the folder of the dataset.',
    ],
    ['a file that is not there', image(), 'images/p/2.png', 'there is no such file'],
    ['any other text', image(), 'a nice house', 'found a text of 12 characters that is no path, no address and no picture as base64'],
    [
      'a data URI of another format',
      image({ image_format: 'png' }),
      'data:image/gif;base64,AAAA',
      'of the type image/gif, though the format is png',
    ],
    ['a data URI of no picture', image(), 'data:text/html;base64,AAAA', 'found a data URI of the type text/html'],
    ['a path of a sound', { ...image(), modality: 'audio' }, 'a.wav', 'found a path; set data_type: url, or give base64'],
    ['a sound of unknown format', { ...image(), modality: 'audio' }, 'AAAA', 'found base64 without audio_format'],
    ['what is no base64', { ...image(), modality: 'video', video_format: 'mp4' }, 'A!A', 'found 3 characters that are not base64'],
    [
      'a film that is no address',
      { ...image(), modality: 'video', data_type: 'url' },
      'AAAA',
      'found no address that begins with http, and no path',
    ],
  ])('costs the row for %s', async (_name, context, cell, expected) => {
    expect(await shown(context, cell)).toContain(expected)
  })

  it('of large base64 leaves the event loop its turn, however many rows begin together', async () => {
    const large = PNG_TEXT.slice(0, 60) + 'A'.repeat(2_000_000)
    const contexts = compileContexts({ name: 't', multi_modal_context: [image()] })
    let turns = 0
    let isDone = false
    const count = (): void => {
      turns += 1
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    await Promise.all(Array.from({ length: 40 }, () => contexts.build(row({ c: large }), folder)))
    isDone = true
    expect(turns).toBeGreaterThan(3)
  })

  it('is told apart in the journal by what it is, not by where it lies', async () => {
    const build = async (cell: Value): Promise<readonly string[]> =>
      (await compileContexts({ name: 't', multi_modal_context: [image()] }).build(row({ c: cell }), folder)).map(({ id }) => id)
    expect(await build('images/p/1.png')).toEqual(['image/png sha256:abc'])
    expect(await build(PNG_TEXT)).toEqual(await build(`data:image/png;base64,${PNG_TEXT}`))
    expect(await build(PNG_TEXT)).not.toEqual(await build(PICTURES.gif.toString('base64')))
  })
})
