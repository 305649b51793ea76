/** `explain`: where a row came from. Needs no server, and calls nobody. */
import { explainRow } from '../../client/explain-row.ts'
import type { ExplainedCall, ExplainedColumn, RowExplanation } from '../../dataset/explain/explain-row.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { count } from '../format.ts'
import type { Output } from '../output.ts'
import { recordLines } from '../record-text.ts'
import { shownPath } from '../shell.ts'
import { printable, wrapText } from '../text.ts'
import { loadExtensions } from './load-extensions.ts'

/** Flags of `explain`. */
export interface ExplainFlags {
  readonly artifactPath: string
  readonly full?: boolean
  readonly extensions?: string
}

/** Characters of a prompt or an answer that are shown without `--full`. */
const SHOWN = 600

/** Runs the command; answers its exit code. */
export async function explain(dataset: string, row: number, flags: ExplainFlags, { output }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const { columnGenerators } = await loadExtensions(flags)
  const explanation = await explainRow(location, row, columnGenerators === undefined ? {} : { columnGenerators })
  output.emit('explanation', explanation)
  sayRow(output, explanation)
  const told = explanation.columns.filter(({ calls, note }) => calls.length > 0 || note !== null)
  for (const column of told) sayColumn(output, column, flags.full === true)
  sayRecord(output, explanation)
  return EXIT.complete
}

function sayRow(
  output: Output,
  { row, rowGroup, state, refill, seed, drop, writtenBy, generation, rehearsal, given, location }: RowExplanation,
): void {
  output.say(`Row ${row}   ${state}${rehearsal ? '   REHEARSAL model' : ''}   ${shownPath(location)}`)
  output.say(
    `group    ${rowGroup.id}: rows ${rowGroup.start} to ${rowGroup.end - 1}${generation === 0 ? '' : `, repaired ${count(generation)} times`}`,
  )
  output.say(`try      ${refill + 1}   seed ${printable(seed)}`)
  if (writtenBy !== null) output.say(`written  ${writtenBy.at}   run ${writtenBy.runId}, attempt ${writtenBy.attempt}`)
  if (drop !== null) output.say(`dropped  ${drop.code} in column ${printable(drop.column)}: ${printable(drop.reason)}`)
  if (Object.keys(given).length === 0) return
  output.say()
  output.say('Sampled, given and computed')
  for (const line of recordLines(given, output.width())) output.say(line)
}

function sayColumn(output: Output, { column, calls, note }: ExplainedColumn, isFull: boolean): void {
  output.say()
  output.say(`Column ${printable(column)}${calls.length > 1 ? `   ${calls.length} requests` : ''}`)
  let shown = 0
  for (const call of calls) {
    sayCall(output, call, shown, isFull)
    // What is repeated from one request to the next is shown once.
    shown = call.entry === null ? 0 : call.messages.length
  }
  if (note !== null) output.say(`  ends     ${printable(note)}`)
}

function sayCall(output: Output, call: ExplainedCall, shown: number, isFull: boolean): void {
  const { alias, model, provider, restart, step, turn, temperature, topP, maxTokens, entry, cost } = call
  const parameters = Object.entries({ temperature, top_p: topP, max_tokens: maxTokens }).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`],
  )
  const place = [
    restart > 0 ? `conversation ${restart + 1}` : '',
    step > 0 ? `correction ${step}` : '',
    turn > 0 ? `after ${turn} turns of tools` : '',
  ]
  output.say(`  model    ${[`${alias}: ${model} at ${provider}`, ...parameters, ...place.filter((text) => text !== '')].join('   ')}`)
  const isGoingOn = step > 0 || turn > 0
  for (const { role, content } of call.messages.slice(isGoingOn ? shown : 0)) sayText(output, role, content, isFull)
  if (entry === null) {
    output.say('  answer   not on record')
    return
  }
  const { answer, t, endpoint } = entry
  sayText(output, answer.refused === undefined ? 'answer' : 'refused', answer.refused ?? answer.content, isFull)
  for (const { name, arguments: given } of answer.toolCalls ?? []) sayText(output, 'calls', `${name}(${given})`, isFull)
  const { inputTokens, outputTokens } = answer.usage
  const paid = cost === null || cost === 0 ? '' : `   cost ${cost.toPrecision(3)}`
  output.say(
    `  used     ${count(inputTokens)} tokens in, ${count(outputTokens)} out${paid}   ${new Date(t).toISOString()}${endpoint === undefined ? '' : `   ${printable(endpoint)}`}`,
  )
}

function sayText(output: Output, label: string, text: string, isFull: boolean): void {
  const cut = isFull || text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}… (${count(text.length)} characters; --full shows all)`
  const lines = printable(cut)
    .split('\n')
    .flatMap((line) => wrapText(line, Math.max(20, output.width() - 11)))
  for (const [index, line] of lines.entries()) output.say(`  ${(index === 0 ? label : '').padEnd(9)}${line}`)
}

function sayRecord(output: Output, { answersFrom, usage, state, columns }: RowExplanation): void {
  if (columns.length === 0) return
  output.say()
  if (answersFrom === null) {
    const why =
      state === 'missing'
        ? 'its row group has not been begun'
        : 'the journal went with the commit; parquetry.traces: sampled or all keeps answers'
    output.say(`Record   no answer for this row is on record: ${why}`)
  } else {
    output.say(
      `Record   ${count(usage.calls)} answers in the ${answersFrom}, all tries at the row together: ${count(usage.inputTokens)} tokens in, ${count(usage.outputTokens)} out`,
    )
  }
}
