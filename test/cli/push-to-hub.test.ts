import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLocalStorage } from '../../src/storage/local.ts'
import { startHub } from '../helpers/hub-stand-in.ts'
import type { HubStandIn } from '../helpers/hub-stand-in.ts'
import { makeFinished } from '../hub/made.ts'
import { createPlace, eventsOf } from './helpers.ts'
import type { Place } from './helpers.ts'

let place: Place
let hub: HubStandIn
beforeAll(async () => {
  place = await createPlace()
  hub = await startHub()
  await makeFinished(createLocalStorage(join(place.folder, 'artifacts', 'made')))
}, 300_000)
afterAll(async () => {
  await hub.close()
  place.remove()
})

describe('push-to-hub', () => {
  it('says what would go, then sends it, needing no server, and says where it is', async () => {
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:9', HF_ENDPOINT: hub.endpoint }
    const dry = await place.run(['push-to-hub', 'made', 'org/made', '--dry-run'], env)
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toMatch(
      /^Would push 20 rows -> http:\S+\/datasets\/org\/made {3}\d+ files, \d+(?:\.\d)? KB; nothing was sent\n {2}data\/ {3}5 files/,
    )
    const ended = await place.run(['push-to-hub', 'made', 'org/made', '--private', '--tag', 'a', '--tag', 'b', '--description', 'Hello.'], {
      ...env,
      HF_TOKEN: hub.token,
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^Pushed {3}20 rows -> http:\S+\/datasets\/org\/made/)
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(hub.token)
    expect(hub.isPrivate('org/made')).toBe(true)
    expect(String(Buffer.from(hub.files('org/made')!.get('README.md')!))).toMatch(/ {2}- a\n {2}- b\n[\s\S]*Hello\./)
    const json = await place.run(['push-to-hub', 'made', 'org/made', '--json', '--tag', 'a', '--tag', 'b', '--description', 'Hello.'], {
      ...env,
      HF_TOKEN: hub.token,
    })
    expect(eventsOf(json)).toEqual([
      expect.objectContaining({
        event: 'push-to-hub',
        repoId: 'org/made',
        rows: 20,
        isComplete: true,
        upload: expect.objectContaining({ changed: [] }),
      }),
    ])
  })

  it('ends with a code of its own for each thing that is in the way', async () => {
    const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: hub.token }
    expect(await place.run(['push-to-hub', 'made', '../made'], env)).toMatchObject({ code: 2, stdout: '' })
    const nobody = await place.run(['push-to-hub', 'made', 'org/made'], { ...env, HF_TOKEN: '' })
    expect(nobody).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('HUB_TOKEN_MISSING') })
    rmSync(join(place.folder, 'artifacts', 'made', 'parquet-files', 'batch_00004.parquet'))
    const incomplete = await place.run(['push-to-hub', 'made', 'org/made'], env)
    expect(incomplete).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('--allow-incomplete') })
  })
})
