import { describe, expect, it } from 'vitest'
import { codeLanguage, parseCodeAnswer } from '../../src/columns/parse-code-answer.ts'

const read = (text: string, codeLang = 'python', isTruncated = false): string => {
  const parsed = parseCodeAnswer(text, codeLanguage(codeLang), isTruncated)
  return parsed.isFound ? parsed.code : `refused: ${parsed.message}`
}
const fence = (code: string, tag = 'python'): string => `\`\`\`${tag}\n${code}\n\`\`\``

describe('the code of an answer', () => {
  it.each([
    ['alone', fence('print(1)')],
    ['in prose', `Here it is:\n\n${fence('print(1)')}\n\nIt prints 1.`],
    ['after a draft', `${fence('print(0)')}\nBetter:\n${fence('print(1)')}`],
    ['after thoughts with drafts', `<think>\n${fence('print(0)')}\n</think>\n${fence('print(1)')}`],
    ['without a tag', fence('print(1)', '')],
    ['with words after the tag', fence('print(1)', 'python title="a.py"')],
    ['with a tag in capitals', fence('print(1)', 'Python')],
    ['with another name of the language', fence('print(1)', 'py')],
    ['in tildes', '~~~python\nprint(1)\n~~~'],
    ['with CRLF', '```python\r\nprint(1)\r\n```'],
    ['in a list item', '1. Code:\n   ```python\n   print(1)\n   ```'],
    ['without its last fence, the model having forgotten it', '```python\nprint(1)\n'],
  ])('is the last fenced block: %s', (_, answer) => {
    expect(read(answer)).toBe('print(1)')
  })

  it('keeps indentation, blank lines and indented fences inside', () => {
    const code = 'def f():\n    """Example:\n\n    ```\n    f()\n    ```\n    """\n    return 1'
    expect(read(fence(code))).toBe(code)
    expect(read(`\`\`\`\`python\na = """\n\`\`\`\n"""\n\`\`\`\``)).toBe('a = """\n```\n"""')
  })

  it.each([
    ['text only', 'I would use print(1).', 'no fenced block of code'],
    ['an inline block', 'Write ```print(1)``` there', 'no fenced block of code'],
    ['another language last', `${fence('print(1)')}\n${fence('x', 'bash')}`, 'marked as bash, expected Python'],
    ['an empty block', fence('  '), 'is empty'],
    ['thoughts only', '<think>\n```python\nprint(0)\n```', 'no fenced block of code'],
  ])('is missing: %s', (_, answer, message) => {
    expect(read(answer)).toMatch(/^refused: /)
    expect(read(answer)).toContain(message)
  })

  it('is missing when the token limit cut it off', () => {
    expect(read('```python\nprint(1', 'python', true)).toContain('cut off')
    expect(read(`${fence('print(1)')}\nand so o`, 'python', true)).toBe('print(1)')
  })

  it.each([
    ['sql:sqlite', 'sql', true],
    ['sql:sqlite', 'sqlite', true],
    ['sql:postgres', 'postgresql', true],
    ['sql:postgres', 'mysql', false],
    ['cpp', 'c++', true],
    ['c', 'cpp', false],
    ['csharp', 'c#', true],
    ['java', 'javascript', false],
    ['javascript', 'js', true],
    ['typescript', 'js', false],
  ])('of %s in a block marked %s is accepted: %s', (codeLang, tag, isAccepted) => {
    expect(read(fence('x', tag), codeLang) === 'x').toBe(isAccepted)
  })
})
