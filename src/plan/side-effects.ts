/** Columns that a model column makes beside its own: names and types, a pure function of its config. */
import type { Field, ValueType } from '../values.ts'

/** The fields of a model column that side-effect columns depend on. */
export interface SideEffectSource {
  readonly name: string
  readonly with_trace: 'none' | 'last_message' | 'all_messages'
  readonly extract_reasoning_content: boolean
}

/** Name of the column with the conversation that led to a cell. */
export function traceColumn(column: string): string {
  return `${column}__trace`
}

/** Name of the column with what a model thought before its answer. */
export function reasoningColumn(column: string): string {
  return `${column}__reasoning_content`
}

const TEXT: ValueType = { kind: 'string' }

const TOOL_CALL: ValueType = {
  kind: 'group',
  fields: [
    { name: 'id', type: TEXT },
    { name: 'type', type: TEXT },
    {
      name: 'function',
      type: {
        kind: 'group',
        fields: [
          { name: 'name', type: TEXT },
          { name: 'arguments', type: TEXT },
        ],
      },
    },
  ],
}

/** A list of chat messages as DataDesigner writes them, their content a list of blocks. */
const TRACE: ValueType = {
  kind: 'list',
  element: {
    kind: 'group',
    fields: [
      { name: 'role', type: TEXT },
      {
        name: 'content',
        type: {
          kind: 'list',
          element: {
            kind: 'group',
            fields: [
              { name: 'type', type: TEXT },
              { name: 'text', type: TEXT },
            ],
          },
        },
      },
      { name: 'reasoning_content', type: TEXT },
      { name: 'tool_calls', type: { kind: 'list', element: TOOL_CALL } },
      { name: 'tool_call_id', type: TEXT },
    ],
  },
}

/** The side-effect columns of a model column, in the order in which they follow it. */
export function sideEffectFields({ name, with_trace, extract_reasoning_content }: SideEffectSource): readonly Field[] {
  return [
    ...(with_trace === 'none' ? [] : [{ name: traceColumn(name), type: TRACE }]),
    ...(extract_reasoning_content ? [{ name: reasoningColumn(name), type: TEXT }] : []),
  ]
}
