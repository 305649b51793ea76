/** What `extra_headers` and `extra_body` may hold: no secret, and nothing that Parquetry has to say itself. */
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import { secretEntries } from './secrets.ts'

/** Headers that belong to the connection or to how the answer is read. */
const OWN_HEADERS: readonly string[] = [
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Checks a provider's headers. `keyHint` says where a key belongs. */
export function checkExtraHeaders(headers: Readonly<Record<string, string>>, path: Path, keyHint: string, report: Report): void {
  checkSecrets(headers, path, keyHint, report)
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) report.error([...path, name], 'expected the name of a header: letters, digits and dashes')
    else if (OWN_HEADERS.includes(name.toLowerCase()))
      report.error([...path, name], 'expected this header to be left out: it is set with every request')
    else if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      report.error([...path, name], 'expected the value of a header on one line, found other characters (not shown)')
  }
}

/** Checks the further fields of a request. `takesMany`: every answer asked for is kept, as the API for images gives several in one cell. */
export function checkExtraBody(
  body: Readonly<Record<string, unknown>>,
  path: Path,
  keyHint: string,
  report: Report,
  takesMany = false,
): void {
  checkSecrets(body, path, keyHint, report)
  if ('messages' in body) report.error([...path, 'messages'], 'expected messages to be left out: they come from the prompts of the columns')
  const { n } = body
  if (n !== undefined && n !== 1 && !takesMany)
    report.error([...path, 'n'], 'expected n to be 1 or left out: every cell takes one answer, the others would be paid for nothing')
  for (const field of ['stream', 'stream_options']) {
    if (field in body) report.warn([...path, field], `${field} has no effect: answers are read whole`)
  }
}

function checkSecrets(mapping: Readonly<Record<string, unknown>>, path: Path, keyHint: string, report: Report): void {
  for (const name of secretEntries(mapping)) report.error([...path, name], `expected no secret here, found one (not shown); ${keyHint}`)
}
