/** The side-effect columns of a model column: its conversation and what the model thought. */
import { reasoningColumn, sideEffectFields, traceColumn } from '../plan/side-effects.ts'
import type { SideEffectSource } from '../plan/side-effects.ts'
import type { MediaPart } from '../model/client.ts'
import type { Value } from '../values.ts'
import type { Reached } from './conversation.ts'
import type { CellRow } from './generator.ts'

/** Side-effect columns, ready for the column's rows. */
export interface SideEffects {
  readonly columns: readonly string[]
  /** Sets them in the row. */
  readonly record: (row: CellRow, reached: Reached<unknown>) => void
}

/** Of the conversation that led to the cell: the one before a fresh start is not in the trace, though it is in the journal and the bill. */
export function compileSideEffects(column: SideEffectSource): SideEffects {
  return {
    columns: sideEffectFields(column).map(({ name }) => name),
    record(row, reached) {
      if (column.with_trace !== 'none') {
        const trace = traceOf(reached)
        row.setSideEffect(traceColumn(column.name), column.with_trace === 'last_message' ? trace.slice(-1) : trace)
      }
      if (column.extract_reasoning_content) {
        row.setSideEffect(reasoningColumn(column.name), reached.answers.at(-1)?.reasoning?.trim() || null)
      }
    },
  }
}

/** All messages, each assistant's with its thoughts. */
function traceOf({ opening, corrections, answers }: Reached<unknown>): readonly Value[] {
  const trace: Value[] = opening.map(({ role, content, media }) => message(role, content, undefined, media))
  for (const [index, { content, reasoning }] of answers.entries()) {
    trace.push(message('assistant', content, reasoning))
    const correction = corrections[index]
    if (correction !== undefined) trace.push(message('user', correction))
  }
  return trace
}

/** Media stand as where they come from: their bytes are in the columns already. */
function message(role: string, text: string, reasoning?: string, media: readonly MediaPart[] = []): Value {
  const content = [...media.map(({ modality, label }) => ({ type: modality, text: label })), { type: 'text', text }]
  return { role, content, reasoning_content: reasoning || null, tool_calls: null, tool_call_id: null }
}
