import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keys } from '../../src/dataset/layout.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { EVIL, makeJudged, profileMade } from '../dataset/profile/judged-dataset.ts'
import { differentLines, startChromium } from '../helpers/chromium.ts'
import type { Chromium, Page } from '../helpers/chromium.ts'

let folder: string
let browser: Chromium
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquetry-report-'))
  const made = await makeJudged(createLocalStorage(folder))
  expect(await profileMade(made)).toEqual({ findings: [] })
  url = pathToFileURL(join(folder, keys.report)).href
  browser = await startChromium()
}, 120_000)
afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

const overflow = async (page: Page): Promise<number> =>
  await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe('report.html in Chromium', () => {
  it.each([
    ['a desktop', { width: 1_280 }],
    ['a desktop in the dark', { width: 1_280, scheme: 'dark' }],
    ['a phone', { width: 360, height: 740, isMobile: true }],
    ['print', { width: 720, media: 'print' }],
  ] as const)('on %s is no blank page, complains of nothing, asks the network for nothing, and fits', async (_what, options) => {
    const page = await browser.open(url, options)
    try {
      // Everything unfolded, so that the longest texts count.
      await page.evaluate('document.querySelectorAll("details").forEach((details) => { details.open = true })')
      expect(differentLines(await page.screenshot())).toBeGreaterThan(50)
      expect(page.complaints).toEqual([])
      expect(page.requests).toEqual([])
      expect(await overflow(page)).toBe(0)
    } finally {
      await page.close()
    }
  })

  it('shows what is in records as text: no script of them runs', async () => {
    const page = await browser.open(url)
    try {
      expect(await page.evaluate('document.title')).toBe('made – dataset report')
      expect(await page.evaluate('document.querySelectorAll("script, img").length')).toBe(0)
      const text = await page.evaluate<string>('document.body.textContent')
      expect(text).toContain(EVIL)
      expect(text).toContain('A summary')
      const headings = await page.evaluate<string[]>('[...document.querySelectorAll("h2")].map((heading) => heading.textContent)')
      expect(headings).toEqual(['Overview', 'Columns', 'Judge scores', 'Example records', 'Models and cost', 'Files', 'Config'])
      // What is drawn has a name for those who hear the page.
      expect(
        await page.evaluate('[...document.querySelectorAll("svg, table.bars")].every((chart) => chart.getAttribute("aria-label"))'),
      ).toBe(true)
    } finally {
      await page.close()
    }
  })

  it('is told from a page that is blank, complains, or asks the network', async () => {
    const page = await browser.open(`data:text/html,<body><script>console.error('no')</script><img src="http://127.0.0.1:9/x.png">`)
    try {
      expect(differentLines(await page.screenshot())).toBeLessThan(50)
      expect(page.complaints.join()).toContain('no')
      expect(page.requests).toEqual(['http://127.0.0.1:9/x.png'])
    } finally {
      await page.close()
    }
  })
})
