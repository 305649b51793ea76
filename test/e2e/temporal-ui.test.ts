import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunHandle } from '../../src/client/run-handle.ts'
import type { Chromium, Page } from '../helpers/chromium.ts'
import { differentLines, repacked, startChromium } from '../helpers/chromium.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, QUICK_RUN, until } from '../helpers/datasets.ts'
import type { MoodyModel } from '../helpers/moody-model.ts'
import { startMoodyModel } from '../helpers/moody-model.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { sharedTestServer } from '../helpers/temporal-server.ts'

/** `UPDATE_SCREENSHOTS=1` renews the pictures that the documentation shows. */
const isUpdating = process.env['UPDATE_SCREENSHOTS'] === '1'
const docs = fileURLToPath(new URL('../../docs/', import.meta.url))

let workshop: Workshop
let harness: Harness
let browser: Chromium
let model: MoodyModel

beforeAll(async () => {
  workshop = await openWorkshop()
  harness = await openHarness()
  browser = await startChromium()
  model = await startMoodyModel()
})
afterAll(async () => {
  await browser?.close()
  await harness?.close()
  await workshop?.close()
  await model?.close()
})

function config(): object {
  return {
    columns: [
      { name: 'order_id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: 'review', column_type: 'llm-text', model_alias: 'writer', prompt: 'Order {{ order_id }}: write a review' },
    ],
    model_configs: [{ alias: 'writer', model: 'moody-1', provider: 'moody', inference_parameters: { max_parallel_requests: 8 } }],
    model_providers: [{ name: 'moody', endpoint: model.endpoint, provider_type: 'openai', api_key: 'MOODY_KEY' }],
  }
}

/** Opens a page of the UI and waits for texts, in the page or in what it embeds. Of the timeline only what is in view is drawn. */
async function openUi(path: string, ...awaited: readonly (string | RegExp)[]): Promise<Page> {
  const { uiUrl, namespace } = sharedTestServer()
  const page = await browser.open(`${uiUrl}/namespaces/${namespace}/workflows${path}`, {
    width: 1_200,
    height: path.endsWith('/timeline') ? 2_000 : 1_060,
  })
  for (const text of awaited) await expect.poll(() => textOf(page), { timeout: 12_000 }).toMatch(text)
  return page
}

async function textOf(page: Page): Promise<string> {
  return await page.evaluate(
    `[document, ...[...document.querySelectorAll('iframe')].map((frame) => frame.contentDocument)].map((of) => of?.body?.innerText ?? '').join('\\n')`,
  )
}

/** The page is drawn, without the network: the UI's own feed of news is all that it asks it for, and does without. */
async function expectSound(page: Page, picture?: string): Promise<void> {
  const { uiUrl } = sharedTestServer()
  const isNews = (text: string): boolean => text.includes('newsfeed.temporal.io')
  expect(page.complaints.filter((complaint) => !isNews(complaint))).toEqual([])
  expect(page.requests.filter((url) => !url.startsWith(uiUrl) && !url.startsWith('data:') && !isNews(url))).toEqual([])
  const png = await page.screenshot()
  expect(differentLines(png)).toBeGreaterThan(100)
  if (!isUpdating || picture === undefined) return
  await page.evaluate(`document.querySelector('#user-metadata-tab')?.scrollIntoView({ block: 'start' })`)
  mkdirSync(docs, { recursive: true })
  const packed = repacked(await page.screenshot())
  expect(packed.byteLength).toBeLessThan(200_000)
  writeFileSync(`${docs}${picture}`, packed)
}

const listed = (name: string): string => `?query=${encodeURIComponent(`ParquetryDataset="${name}"`)}`

/** Begins a run whose key is refused after some rows, and calls back while it waits. */
async function whileWaiting(operation: (run: RunHandle, page: string) => Promise<void>): Promise<void> {
  model.fallAfter(130, 401)
  const settings = { ...QUICK_RUN, probeIntervalMs: 60_000, maxConcurrentRowGroups: 2 }
  const run = await workshop.start(config(), { datasetName: 'product-reviews', numRecords: 300, bufferSize: 30, run: settings })
  const worker = { env: { MOODY_KEY: 'sk-moody' }, retry: { maxRetries: 0 } }
  await workshop.withWorker(
    run,
    async () => {
      await until(async () => ((await run.readProgress().catch(() => null))?.blocked?.probes ?? 0) >= 1)
      const { runId } = await harness.client.workflow.getHandle(run.workflowId).describe()
      await operation(run, `/${encodeURIComponent(run.workflowId)}/${runId}`)
      await run.stop()
      await run.result()
    },
    worker,
  )
}

describe('the Temporal UI of the dev server', () => {
  it('finds a run by the name of its dataset, says what it waits for and what to do, and names activities and timers', async () => {
    await whileWaiting(async (run, path) => {
      const list = await openUi(listed('product-reviews'), run.workflowId, '1 RUNNING')
      await expectSound(list, 'temporal-ui-list.png')
      await list.close()
      const others = await openUi(listed('product-review'), /no workflows/i)
      expect(await textOf(others)).not.toContain(run.workflowId)
      await others.close()

      const details = await openUi(
        `${path}/user-metadata`,
        'product-reviews: waiting',
        /40% 120 of 300 rows/,
        /Waiting since \d\d:\d\d:\d\d UTC: MODEL_AUTH/,
        'Put a valid key into MOODY_KEY where the worker runs',
        `npx parquetry resume ${run.location}`,
        `npx parquetry watch ${run.location}`,
        /Row groups[\s\u2060]+4 of 10/,
        /Tokens[\s\u2060]+[\d,]+ in, [\d,]+ out/,
      )
      await expectSound(details, 'temporal-ui-run.png')
      await details.close()

      const timeline = await openUi(
        `${path}/timeline`,
        'row group 4: rows 120–149',
        'what the folder holds',
        'until the next checkpoint',
        'waiting: until one call is tried again',
      )
      await expectSound(timeline)
      await timeline.close()
    })
  })
})
