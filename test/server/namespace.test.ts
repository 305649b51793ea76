import { Client, type Connection } from '@temporalio/client'
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTarget, embeddedTarget } from '../../src/server/connection.ts'
import { registerSearchAttributes, setRetention } from '../../src/server/namespace.ts'
import { startTestServer, type TestServer } from '../helpers/temporal-server.ts'

let server: TestServer
let connection: Connection
beforeAll(async () => {
  server = await startTestServer()
  connection = (await connectTarget(embeddedTarget(server.address, server.namespace))).connection
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})

async function retentionDays(): Promise<number> {
  const { config } = await connection.workflowService.describeNamespace({ namespace: server.namespace })
  return Number(config?.workflowExecutionRetentionTtl?.seconds) / (24 * 60 * 60)
}

describe('the search attributes', () => {
  it('can be used by a run as soon as they are registered, and registered again', async () => {
    expect(await registerSearchAttributes(connection, server.namespace)).toEqual({ ok: true })
    const { workflow } = new Client({ connection })
    const handle = await workflow.start('nobodyRunsThis', {
      workflowId: 'with-attributes',
      taskQueue: 'none',
      typedSearchAttributes: new TypedSearchAttributes([
        { key: defineSearchAttributeKey('ParquetryDataset', 'KEYWORD'), value: 'support_tickets' },
        { key: defineSearchAttributeKey('ParquetryRowsDone', 'INT'), value: 12 },
      ]),
    })
    const { searchAttributes } = await handle.describe()
    expect(searchAttributes).toMatchObject({ ParquetryDataset: ['support_tickets'], ParquetryRowsDone: [12] })
    await expect
      .poll(async () => (await workflow.count("ParquetryDataset = 'support_tickets' AND ParquetryRowsDone = 12")).count, {
        timeout: 20_000,
      })
      .toBe(1)
  })

  it('are answered with the exact commands when a server refuses them', async () => {
    const answer = await registerSearchAttributes(connection, 'absent')
    expect(answer).toMatchObject({
      ok: false,
      command:
        `temporal operator search-attribute create --namespace absent --name ParquetryDataset --name ParquetryState --type Keyword --address ${server.address}` +
        ` && temporal operator search-attribute create --namespace absent --name ParquetryRowsDone --type Int --address ${server.address}`,
    })
  })
})

describe('the retention', () => {
  it('is raised to the wanted days, and a longer one is left alone', async () => {
    expect(await retentionDays()).toBe(1)
    expect(await setRetention(connection, server.namespace, 30)).toEqual({ ok: true })
    expect(await retentionDays()).toBe(30)
    expect(await setRetention(connection, server.namespace, 7)).toEqual({ ok: true })
    expect(await retentionDays()).toBe(30)
  })

  it('is answered with the exact command when a server refuses it', async () => {
    expect(await setRetention(connection, 'absent', 30)).toMatchObject({
      ok: false,
      command: `temporal operator namespace update --namespace absent --retention 720h --address ${server.address}`,
    })
  })
})
