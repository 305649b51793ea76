/** The answer of a judge: a pure function of its scores, as JSON schema and as values. */

/** One thing that a judge scores. */
export interface JudgeScore {
  readonly name: string
  readonly description: string
  /** Option → what it means. */
  readonly options: Readonly<Record<string, string>>
}

/**
 * The options of a score: integers when all of them are whole numbers, otherwise texts. Keys of a mapping are texts once a config
 * has been through JSON, so the form of the keys decides and not their type.
 */
export function judgeOptions(options: JudgeScore['options']): readonly (string | number)[] {
  const keys = Object.keys(options)
  const isWhole = (key: string): boolean => /^(?:0|-?[1-9]\d*)$/.test(key) && Number.isSafeInteger(Number(key))
  return keys.every(isWhole) ? keys.map(Number) : keys
}

/** The JSON schema of an answer: for each score its reasoning, written first, and one of its options. Closed. */
export function judgeSchema(scores: readonly JudgeScore[]): Readonly<Record<string, unknown>> {
  return closedObject(scores.map((score) => [score.name, { description: score.description, ...closedObject(answerTo(score)) }]))
}

function answerTo({ options }: JudgeScore): readonly (readonly [string, object])[] {
  const values = judgeOptions(options)
  const meanings = Object.entries(options).map(([option, meaning]) => `* ${option}: ${meaning}`)
  return [
    ['reasoning', { type: 'string', description: 'The reasons for the score, written before it.' }],
    [
      'score',
      {
        type: values.some((value) => typeof value === 'string') ? 'string' : 'integer',
        enum: values,
        description: ['One of these options:', ...meanings].join('\n'),
      },
    ],
  ]
}

function closedObject(fields: readonly (readonly [string, object])[]): Readonly<Record<string, unknown>> {
  return { type: 'object', properties: Object.fromEntries(fields), required: fields.map(([name]) => name), additionalProperties: false }
}
