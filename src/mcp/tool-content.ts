/** From the content of a tool's result to the text that a model is told. Pure. */

/** Blocks of text are lines, as in DataDesigner; other blocks are said as far as words can. */
export function textOfContent(content: unknown, structured?: unknown): string {
  const blocks = Array.isArray(content) ? content : []
  if (blocks.length === 0) return structured === undefined || structured === null ? '' : JSON.stringify(structured)
  return blocks.map(textOfBlock).join('\n')
}

function textOfBlock(block: unknown): string {
  if (!isRecord(block)) return String(block)
  const { type, text, resource } = block
  if (typeof text === 'string') return text
  if (type === 'image' || type === 'audio') return `[${type} ${typeof block['mimeType'] === 'string' ? block['mimeType'] : ''}]`
  if (isRecord(resource)) return typeof resource['text'] === 'string' ? resource['text'] : `[resource ${String(resource['uri'])}]`
  return JSON.stringify(block)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
