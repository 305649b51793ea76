/** `preview`: a few records in memory; no folder, no server. */
import { randomBytes } from 'node:crypto'
import { previewInMemory } from '../../worker/preview-in-memory.ts'
import { EXIT } from '../exit-codes.ts'
import type { CommandContext, ConfigFlags } from '../context.ts'
import { count } from '../format.ts'
import { recordLines } from '../record-text.ts'
import { usageText } from '../say-end.ts'
import { printable } from '../text.ts'
import { refuseComposite } from './composite-file.ts'
import { loadExtensions } from './load-extensions.ts'
import { currencyOf, loadConfig, referenceTimeOf } from './load-config.ts'

/** Flags of `preview`. */
export interface PreviewFlags extends ConfigFlags {
  readonly numRecords: number
  readonly seed?: string
}

/** Runs the command; answers its exit code. */
export async function preview(config: string, flags: PreviewFlags, context: CommandContext): Promise<number> {
  const { output, env } = context
  await refuseComposite(config, 'preview')
  const prepared = await loadConfig(config, flags, context)
  const { columnGenerators = {} } = await loadExtensions(flags)
  const seed = flags.seed ?? prepared.explicit.seed ?? String(randomBytes(6).readUIntBE(0, 6))
  const interrupt = new AbortController()
  const onInterrupt = (): void => interrupt.abort(new Error('interrupted'))
  process.once('SIGINT', onInterrupt)
  try {
    const { records, dropped, usage, rehearsal } = await previewInMemory({
      compiled: prepared.compiled,
      seedPlace: prepared.seedPlace,
      seed: String(seed),
      referenceTime: referenceTimeOf(prepared),
      numRecords: flags.numRecords,
      signal: interrupt.signal,
      columnGenerators,
      warn: (message) => output.warn(`warning  ${message}`),
      env,
      onProgress: ({ rowsDone, rowsWanted, usage: used }) =>
        output.redraw([`rows ${count(rowsDone)}/${count(rowsWanted)}${used.calls === 0 ? '' : `   calls ${count(used.calls)}`}`]),
    })
    output.redraw([])
    for (const { row, values, processors } of records) {
      output.emit('record', { row, values, ...(Object.keys(processors).length === 0 ? {} : { processors }) })
      output.say(`Record ${row}`)
      for (const line of recordLines(values, output.width())) output.say(line)
      for (const [name, record] of Object.entries(processors)) {
        output.say(`Processor ${printable(name)}`)
        for (const line of recordLines(record, output.width())) output.say(line)
      }
      output.say()
    }
    for (const { row, code, column, reason } of dropped) output.say(`dropped  row ${row}, column ${column}: ${code}: ${reason}`)
    output.emit('preview', { rows: records.length, dropped, usage, rehearsal, seed })
    output.say(`Preview  ${count(records.length)} rows, ${count(dropped.length)} dropped, seed ${seed}; nothing was written`)
    if (usage.calls > 0) output.say(`Calls    ${usageText(usage, { rehearsal, currency: currencyOf(prepared) })}`)
    return dropped.length === 0 ? EXIT.complete : EXIT.incomplete
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    output.redraw([])
    output.warn('stopped; a preview keeps nothing')
    return EXIT.stopped
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}
