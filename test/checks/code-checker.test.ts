import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCodeChecker } from '../../src/checks/code-checker.ts'
import type { CodeChecker } from '../../src/checks/code-checker.ts'
import type { CheckedLanguage } from '../../src/plan/code-checks.ts'
import { compileFolder } from '../helpers/compiled.ts'
import type { CompiledFolder } from '../helpers/compiled.ts'

let built: CompiledFolder
let create: typeof createCodeChecker
let checker: CodeChecker
beforeAll(async () => {
  built = await compileFolder('checks')
  create = (await built.load<{ createCodeChecker: typeof createCodeChecker }>('code-checker')).createCodeChecker
  checker = create()
})
afterAll(async () => {
  await checker.close()
  await built.remove()
})

/** No text: it breaks every parser. */
const nothing = 42 as unknown as string
const sum = `SELECT ${'1+'.repeat(40_000)}1`

describe('a checker of code, compiled', () => {
  it('checks in a thread, all languages side by side, each text for itself', async () => {
    expect(checker.isThreaded).toBe(true)
    const texts: [CheckedLanguage, string][] = [
      ['python', 'x = 1'],
      ['sql:ansi', 'SELECT 1'],
      ['python', 'x ='],
      ['sql:postgres', 'SELEC 1'],
      ['sql:tsql', 'SELECT TOP 1 a FROM t'],
    ]
    const results = await Promise.all(texts.map(([language, text]) => checker.check(language, text)))
    expect(results.map(({ is_valid }) => is_valid)).toEqual([true, true, false, false, true])
  })

  it('leaves the event loop free', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 2)
    expect(await checker.check('sql:ansi', sum)).toMatchObject({ is_valid: true })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
  })

  it('gives up a thread whose parser broke, says so of the text at hand only, and goes on with the others in a new one', async () => {
    const checks = [
      checker.check('sql:ansi', 'SELECT 1'),
      checker.check('sql:ansi', nothing),
      checker.check('sql:ansi', 'SELECT'),
      checker.check('sql:ansi', 'SELECT 2'),
    ]
    const [first, broken, ...others] = await Promise.allSettled(checks)
    expect(first).toMatchObject({ status: 'fulfilled', value: { is_valid: true } })
    expect(broken).toMatchObject({ status: 'rejected', reason: { name: 'ParquetryError', code: 'CODE_UNCHECKABLE' } })
    expect(others).toMatchObject([{ value: { is_valid: false } }, { value: { is_valid: true } }])
  })

  it('does not call a text invalid that its parser is too small for', async () => {
    const deep = `SELECT ${'('.repeat(60)}1${')'.repeat(60)}`
    await expect(checker.check('sql:ansi', deep)).rejects.toMatchObject({ code: 'CODE_UNCHECKABLE' })
  })

  it('gives up a text that takes too long', async () => {
    const hasty = create({ limitMs: 1 })
    await expect(hasty.check('python', 'x = 1')).rejects.toMatchObject({
      code: 'CODE_UNCHECKABLE',
      message: expect.stringContaining('longer than 1 ms') as string,
    })
    await hasty.close()
  })

  it('finishes accepted checks when it is closed, and refuses later ones', async () => {
    const other = create()
    const check = other.check('sql:ansi', 'SELECT 1')
    await other.close()
    expect(await check).toMatchObject({ is_valid: true })
    await expect(other.check('sql:ansi', 'SELECT 1')).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a checker of code, from TypeScript sources', () => {
  it('comes to the same results', async () => {
    const here = createCodeChecker()
    for (const text of ['SELECT a FROM t', 'SELECT DECIMAL(1) FROM']) {
      expect(await here.check('sql:ansi', text)).toEqual(await checker.check('sql:ansi', text))
    }
    await expect(here.check('sql:ansi', nothing)).rejects.toMatchObject({ code: 'CODE_UNCHECKABLE' })
    await here.close()
  })
})
