import { describe, expect, it } from 'vitest'
import { createRowText } from '../../src/processors/row-text.ts'
import { column, group, list, tableOf } from '../parquet/builders.ts'

const schema = [
  column('text', 'string'),
  column('n', 'int64'),
  column('x', 'double'),
  column('flag', 'boolean'),
  column('at', 'timestamp'),
  column('free', 'json'),
  column('who', group(column('age', 'double'), column('name', 'string'))),
  column('xs', list({ kind: 'double' })),
]
const table = tableOf({
  text: ['a "b", c\nd', '', null],
  n: [1, 2n ** 62n, null],
  x: [3, Infinity, null],
  flag: [true, false, null],
  at: [new Date('2026-01-02T03:04:05.678Z'), new Date(0), null],
  free: [{ b: [1, null], a: 2n ** 53n }, 'plain', null],
  who: [{ age: 7, name: 'Ada' }, { name: null, age: null }, null],
  xs: [[1, 2.5, null], [], null],
})

describe('rows as text', () => {
  it('are JSON objects, one a line, exact and with their types', () => {
    const { header, lines } = createRowText('jsonl', schema)
    expect(header).toBe('')
    expect(lines(table).split('\n')).toEqual([
      String.raw`{"text":"a \"b\", c\nd","n":1,"x":3.0,"flag":true,"at":"2026-01-02T03:04:05.678Z","free":{"b":[1,null],"a":9007199254740992},"who":{"age":7.0,"name":"Ada"},"xs":[1.0,2.5,null]}`,
      '{"text":"","n":4611686018427387904,"x":null,"flag":false,"at":"1970-01-01T00:00:00.000Z","free":"plain","who":{"age":null,"name":null},"xs":[]}',
      '{"text":null,"n":null,"x":null,"flag":null,"at":null,"free":null,"who":null,"xs":null}',
      '',
    ])
  })

  it('are CSV with a header, quoted where it must be, a null being nothing and an empty text two quotes', () => {
    const { header, lines } = createRowText('csv', [column('na,me', 'string'), ...schema.slice(1)])
    expect(header).toBe('"na,me",n,x,flag,at,free,who,xs\n')
    expect(createRowText('csv', schema).lines(table)).toBe(
      [
        '"a ""b"", c\nd",1,3.0,true,2026-01-02T03:04:05.678Z,"{""b"":[1,null],""a"":9007199254740992}","{""age"":7.0,""name"":""Ada""}","[1.0,2.5,null]"',
        '"",4611686018427387904,inf,false,1970-01-01T00:00:00.000Z,"""plain""","{""age"":null,""name"":null}",[]',
        ',,,,,,,',
        '',
      ].join('\n'),
    )
    expect(lines(tableOf({}))).toBe('')
  })
})
