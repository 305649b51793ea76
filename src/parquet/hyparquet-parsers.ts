/** How hyparquet decodes texts for us: byte order marks are part of a text, and missing values stay missing. */

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Parsers to give to every call of hyparquet. */
export const PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : decoder.decode(bytes)),
  jsonFromBytes: (bytes: Uint8Array | undefined): unknown => (bytes === undefined ? undefined : JSON.parse(decoder.decode(bytes))),
}
