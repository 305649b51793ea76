import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findManagedPeople } from '../../src/client/managed-people.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'
import type { PreparedConfig } from '../../src/config/prepare-config.ts'

const prepare = async (name: string, provider?: string): Promise<PreparedConfig> =>
  await prepareConfig(fileURLToPath(new URL(`../../examples/${name}.yaml`, import.meta.url)), {
    env: {},
    homeFolder: '/nowhere',
    ...(provider === undefined ? {} : { provider }),
  })

describe('the example configs', () => {
  it.each([
    'product-reviews',
    'support-tickets',
    'iot-readings',
    'code-exercises',
    'insurance-claims',
    'product-questions',
    'intent-training',
    'agent-sessions',
    'product-pictures',
  ])('%s compiles without an error or a warning', async (name) => {
    expect((await prepare(name)).warnings).toEqual([])
  })

  it('customer-directory compiles with managed people, and with faker in their place', async () => {
    const file = fileURLToPath(new URL('../../examples/customer-directory.yaml', import.meta.url))
    const sources = { homeFolder: '/nowhere', findPeople: findManagedPeople, personFallback: 'faker' } as const
    const assets = fileURLToPath(new URL('../fixtures/managed-assets', import.meta.url))
    for (const env of [{ DATA_DESIGNER_MANAGED_ASSETS_PATH: assets }, {}]) {
      expect((await prepareConfig(file, { ...sources, env })).warnings).toEqual([])
    }
  })

  it('product-reviews makes three model calls a row, with prices', async () => {
    const { compiled, explicit } = await prepare('product-reviews')
    expect(compiled.columns.filter(({ column_type: type }) => type.startsWith('llm')).map(({ name }) => name)).toEqual([
      'review',
      'reply',
      'summary',
    ])
    expect(compiled.order).toEqual(['tone', 'review', 'reply', 'summary'])
    expect(compiled.models['writer']?.price).toEqual({ inputPerMillion: 0.15, outputPerMillion: 0.6, currency: 'USD' })
    expect(explicit).toEqual({ seed: '7', bufferSize: 100 })
    expect(compiled.types['summary']).toMatchObject({
      kind: 'group',
      fields: [
        { name: 'title', type: { kind: 'string' } },
        { name: 'rating', type: { kind: 'int64' } },
        {},
        {},
        { type: { kind: 'list' } },
      ],
    })
  })

  it('product-reviews can be rehearsed, which costs nothing', async () => {
    const { compiled } = await prepare('product-reviews', 'rehearsal')
    expect(compiled.models['writer']).toMatchObject({
      price: null,
      target: { model: 'gpt-4o-mini', provider: { type: 'rehearsal', apiKeyEnv: null } },
    })
  })

  it('iot-readings needs no model', async () => {
    expect((await prepare('iot-readings')).compiled.models).toEqual({})
  })
})
