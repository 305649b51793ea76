/** What Parquetry needs of a Temporal namespace: that it exists, keeps closed runs long enough, and knows our search attributes. */

import { isGrpcServiceError, type Connection } from '@temporalio/client'

/** Type of a search attribute, in the words of the `temporal` command line. */
export type SearchAttributeType = 'Keyword' | 'Int'

/** Our search attributes: which dataset a run makes, in which state it is, and how many rows are done. */
export const SEARCH_ATTRIBUTES = {
  ParquetryDataset: 'Keyword',
  ParquetryState: 'Keyword',
  ParquetryRowsDone: 'Int',
} as const satisfies Record<string, SearchAttributeType>

/** Days that the embedded server keeps closed runs; its own default is one day (design ruling 23). */
export const EMBEDDED_RETENTION_DAYS = 30

/** Outcome of a change that a server may refuse: `true`, or `false` with what to type instead, and why. */
export type ServerChange = { readonly ok: true } | { readonly ok: false; readonly command: string; readonly reason: string }

/** Numbers of `temporal.api.enums.v1.IndexedValueType`. */
const INDEXED_VALUE_TYPES: Readonly<Record<SearchAttributeType, number>> = { Keyword: 2, Int: 3 }
const DAY_SECONDS = 24 * 60 * 60
const NOT_FOUND = 5
const ALREADY_EXISTS = 6
const RPC_TIMEOUT_MS = 10_000
const VISIBLE_TIMEOUT_MS = 30_000

/**
 * Registers our search attributes where they are missing; doing it twice is harmless. A server may refuse it (a cloud namespace, a key
 * without the right, all columns of a type taken): then `ok` is false, with the exact command for somebody who may.
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<ServerChange> {
  let wanted: [string, SearchAttributeType][] = Object.entries(SEARCH_ATTRIBUTES)
  try {
    const known = await call(connection, () => connection.operatorService.listSearchAttributes({ namespace }))
    const present = known.customAttributes ?? {}
    const clashing = wanted.find(([name, type]) => present[name] !== undefined && present[name] !== INDEXED_VALUE_TYPES[type])
    if (clashing !== undefined) {
      return refused(connection, namespace, [clashing], `${clashing[0]} exists with another type than ${clashing[1]}; remove it first`)
    }
    wanted = wanted.filter(([name]) => present[name] === undefined)
    if (wanted.length === 0) return { ok: true }
    const searchAttributes = Object.fromEntries(wanted.map(([name, type]) => [name, INDEXED_VALUE_TYPES[type]]))
    await call(connection, () => connection.operatorService.addSearchAttributes({ namespace, searchAttributes }))
    return { ok: true }
  } catch (error) {
    // Another command registered them between our question and our order.
    if (grpcCodeOf(error) === ALREADY_EXISTS) return { ok: true }
    return refused(connection, namespace, wanted, messageOf(error))
  }
}

/** Makes the namespace keep closed runs for at least `days`; a longer retention is left alone. */
export async function setRetention(connection: Connection, namespace: string, days: number): Promise<ServerChange> {
  try {
    const found = await call(connection, () => connection.workflowService.describeNamespace({ namespace }))
    if (Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= days * DAY_SECONDS) return { ok: true }
    const change = { namespace, config: { workflowExecutionRetentionTtl: durationOf(days) } }
    await call(connection, () => connection.workflowService.updateNamespace(change))
    return { ok: true }
  } catch (error) {
    const command = `temporal operator namespace update --namespace ${namespace} --retention ${days * 24}h${addressFlag(connection)}`
    return { ok: false, command, reason: messageOf(error) }
  }
}

/** Creates the namespace if the server has none of that name, and waits until the server knows it. Throws what the server answers. */
export async function ensureNamespace(connection: Connection, namespace: string, retentionDays: number): Promise<void> {
  const end = performance.now() + VISIBLE_TIMEOUT_MS
  let created = false
  for (;;) {
    try {
      await call(connection, () => connection.workflowService.describeNamespace({ namespace }))
      return
    } catch (error) {
      if (grpcCodeOf(error) !== NOT_FOUND || performance.now() >= end) throw error
    }
    if (!created) await createNamespace(connection, namespace, retentionDays)
    created = true
    await new Promise((wake) => setTimeout(wake, 100))
  }
}

async function createNamespace(connection: Connection, namespace: string, retentionDays: number): Promise<void> {
  try {
    const request = { namespace, workflowExecutionRetentionPeriod: durationOf(retentionDays) }
    await call(connection, () => connection.workflowService.registerNamespace(request))
  } catch (error) {
    if (grpcCodeOf(error) !== ALREADY_EXISTS) throw error
  }
}

/** The command line takes one type at a time. */
function refused(
  connection: Connection,
  namespace: string,
  missing: readonly (readonly [string, SearchAttributeType])[],
  reason: string,
): ServerChange {
  const commands = [...new Set(missing.map(([, type]) => type))].map((wanted) => {
    const names = missing.filter(([, type]) => type === wanted).map(([name]) => `--name ${name}`)
    return `temporal operator search-attribute create --namespace ${namespace} ${names.join(' ')} --type ${wanted}${addressFlag(connection)}`
  })
  return { ok: false, command: commands.join(' && '), reason }
}

function addressFlag(connection: Connection): string {
  return ` --address ${connection.options.address}`
}

/** The generated types want a Long here; its encoder takes numbers as well, exact far beyond any retention. */
function durationOf(days: number): { seconds: never } {
  return { seconds: (days * DAY_SECONDS) as never }
}

function call<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + RPC_TIMEOUT_MS, work)
}

function grpcCodeOf(error: unknown): number | null {
  return isGrpcServiceError(error) ? Number(error.code) : null
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
