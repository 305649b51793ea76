/** The side-effect columns of a model column: its conversation and what the model thought. */
import type { ChatMessage } from '../model/client.ts'
import { reasoningColumn, sideEffectFields, traceColumn } from '../plan/side-effects.ts'
import type { SideEffectSource } from '../plan/side-effects.ts'
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
        const trace = reached.messages.map(toTrace)
        row.setSideEffect(traceColumn(column.name), column.with_trace === 'last_message' ? trace.slice(-1) : trace)
      }
      if (column.extract_reasoning_content) {
        row.setSideEffect(reasoningColumn(column.name), reached.messages.at(-1)?.reasoning?.trim() || null)
      }
    },
  }
}

/** A message as DataDesigner writes it: its content a list of blocks. Media stand as where they come from: their bytes are in the columns already. */
function toTrace({ role, content, reasoning, toolCalls, toolCallId, media = [] }: ChatMessage): Value {
  return {
    role,
    content: [...media.map(({ modality, label }) => ({ type: modality, text: label })), { type: 'text', text: content }],
    reasoning_content: reasoning || null,
    tool_calls:
      toolCalls?.map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } })) ?? null,
    tool_call_id: toolCallId ?? null,
  }
}
