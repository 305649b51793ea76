import { spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serverPaths } from '../../src/server/cache-folder.ts'
import { connectTemporal } from '../../src/server/connection.ts'
import { ensureServer, type EnsureServerOptions, type ServerHandle, type ServerStep } from '../../src/server/ensure-server.ts'
import { findServerProcess, readRecord, writeRecord, type ServerRecord } from '../../src/server/server-record.ts'
import { serverStatus, stopServer } from '../../src/server/stop-server.ts'
import { findTestBinary, startTestServer } from '../helpers/temporal-server.ts'

let cacheDir: string
let steps: ServerStep[]
const children: ChildProcess[] = []

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'parquetry-server-'))
  steps = []
})
afterEach(async () => {
  await stopServer({ cacheDir, graceMs: 5_000 }).catch(() => {})
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(cacheDir, { recursive: true, force: true })
})

/** An environment with the real binary, and nothing else of this machine's. */
async function realEnv(more: Record<string, string> = {}): Promise<Record<string, string>> {
  return { PATH: '/usr/bin:/bin', HOME: cacheDir, PARQUETRY_TEMPORAL_CLI: (await findTestBinary()).path, ...more }
}

/** An environment whose Temporal CLI is this shell script, after its answer to `--version`. */
async function fakeEnv(script: string): Promise<Record<string, string>> {
  const path = join(cacheDir, 'fake-temporal')
  await writeFile(path, `#!/bin/sh\nif [ "$1" = "--version" ]; then echo "temporal version 1.9.1"; exit 0; fi\n${script}\n`)
  await chmod(path, 0o755)
  return { PATH: '/usr/bin:/bin', HOME: cacheDir, PARQUETRY_TEMPORAL_CLI: path }
}

async function ensure(more: Partial<EnsureServerOptions> = {}): Promise<ServerHandle> {
  const [server, ui] = [await freePort(), await freePort()]
  return await ensureServer({
    env: more.env ?? (await realEnv()),
    cacheDir,
    ports: { server, ui },
    onStep: (step) => steps.push(step),
    ...more,
  })
}

/** A port held by somebody else, or, after `release`, by nobody. */
async function holdPort(): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, release: () => new Promise((settle) => server.close(() => settle())) }
}

async function freePort(): Promise<number> {
  const { port, release } = await holdPort()
  await release()
  return port
}

/** A process that looks like our server in the process list, ignores SIGTERM and answers nothing. */
function deafServer(): ChildProcess {
  const script = 'trap "" TERM; while :; do sleep 0.1; done'
  const child = spawn('/bin/sh', ['-c', script, 'start-dev', '--db-filename', serverPaths(cacheDir).databaseFile])
  children.push(child)
  return child
}

async function record(change: Partial<ServerRecord>): Promise<void> {
  await writeRecord(serverPaths(cacheDir).recordFile, {
    version: 1,
    pid: 1,
    host: hostname(),
    address: `127.0.0.1:${await freePort()}`,
    uiUrl: 'http://127.0.0.1:1',
    startedAt: '2026-01-01T00:00:00.000Z',
    databaseFile: serverPaths(cacheDir).databaseFile,
    binary: '/nowhere',
    binaryVersion: '1.9.1',
    clusterId: 'a-cluster',
    isStopped: false,
    ...change,
  })
}

describe('the embedded server', () => {
  it('is started once by commands that begin at the same moment, and reused by later ones', async () => {
    const env = await realEnv()
    const handles = await Promise.all([1, 2, 3].map(() => ensure({ env })))
    expect(handles.map((handle) => handle.origin).sort()).toEqual(['reused', 'reused', 'started'])
    expect(new Set(handles.map((handle) => handle.pid)).size).toBe(1)
    expect(new Set(handles.map((handle) => handle.address)).size).toBe(1)
    expect(await ensure({ env })).toMatchObject({ origin: 'reused', pid: handles[0]?.pid, uiUrl: handles[0]?.uiUrl })
    expect(steps.filter((step) => step.name === 'starting')).toHaveLength(1)
    expect(await serverStatus({ cacheDir })).toMatchObject({ isRunning: true, isAnswering: true })
  })

  it('shows its web UI, keeps closed runs for 30 days, knows our search attributes, and holds no keys', async () => {
    const handle = await ensure({ env: await realEnv({ NVIDIA_API_KEY: 'secret', TEMPORAL_TLS: 'true' }) })
    expect((await fetch(handle.uiUrl ?? '')).status).toBe(200)
    const { connection } = await connectTemporal({ TEMPORAL_ADDRESS: 'unused.invalid:1' }, handle)
    const { config } = await connection.workflowService.describeNamespace({ namespace: handle.namespace })
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 60 * 60)
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: handle.namespace })
    expect(Object.keys(customAttributes).sort()).toEqual(
      expect.arrayContaining(['ParquetryDataset', 'ParquetryRowsDone', 'ParquetryState']),
    )
    await connection.close()
    if (process.platform === 'linux') {
      expect(await readFile(`/proc/${handle.pid}/environ`, 'utf8')).not.toMatch(/NVIDIA|TEMPORAL/)
    }
  })

  it('keeps earlier runs over a restart, and its ports with them', async () => {
    const first = await ensure()
    const opened = await connectTemporal({}, first)
    await new Client(opened).workflow.start('nobodyRunsThis', { workflowId: 'kept', taskQueue: 'none' })
    await opened.connection.close()
    expect(await stopServer({ cacheDir })).toMatchObject({ outcome: 'stopped', pid: first.pid })

    const second = await ensure()
    expect(second).toMatchObject({ origin: 'started', address: first.address, uiUrl: first.uiUrl })
    const again = await connectTemporal({}, second)
    expect((await new Client(again).workflow.getHandle('kept').describe()).status.name).toBe('RUNNING')
    await again.connection.close()
  })

  it('comes back after it was killed', async () => {
    const first = await ensure()
    process.kill(first.pid ?? 0, 'SIGKILL')
    const second = await ensure()
    expect(second.origin).toBe('started')
    expect(second.pid).not.toBe(first.pid)
  })

  it('is adopted when its command was killed before it answered', async () => {
    const first = await ensure()
    const { recordFile } = serverPaths(cacheDir)
    const known = await readRecord(recordFile)
    if (known === null) throw new Error('no record')
    await writeRecord(recordFile, { ...known, clusterId: null })
    expect(await ensure()).toMatchObject({ origin: 'reused', pid: first.pid })
    expect((await readRecord(recordFile))?.clusterId).toBe(known.clusterId)
  })

  it('leaves an unknown server on its port alone, and says how to use it', async () => {
    const unknown = await startTestServer()
    const port = Number(unknown.address.split(':')[1])
    const handle = await ensure({ ports: { server: port, ui: Number(unknown.uiUrl.split(':')[2]) } })
    expect(handle.origin).toBe('started')
    expect(handle.address).not.toBe(unknown.address)
    expect(handle.uiUrl).not.toBe(unknown.uiUrl)
    expect(steps.find((step) => step.name === 'port-taken')?.detail).toContain(`TEMPORAL_ADDRESS=127.0.0.1:${port}`)
    await unknown.stop()
  })

  it('creates the namespace that TEMPORAL_NAMESPACE names, also on a server that runs already', async () => {
    expect((await ensure()).namespace).toBe('default')
    const handle = await ensure({ env: await realEnv({ TEMPORAL_NAMESPACE: 'mine' }) })
    expect(handle).toMatchObject({ origin: 'reused', namespace: 'mine' })
    const { connection } = await connectTemporal({}, handle)
    await connection.close()
  })

  it('keeps its folder from other users', async () => {
    await ensure()
    expect((await stat(serverPaths(cacheDir).folder)).mode & 0o077).toBe(0)
  })

  it('says what the server said when it does not come up, and leaves no process and no lock behind', async () => {
    const env = await fakeEnv('echo "database is from the future" >&2; exit 1')
    const failure = { code: 'TEMPORAL_SERVER_FAILED', message: expect.stringContaining('database is from the future') }
    await expect(ensure({ env })).rejects.toMatchObject(failure)
    await expect(ensure({ env })).rejects.toMatchObject(failure)
    expect((await serverStatus({ cacheDir })).isRunning).toBe(false)
  })

  it('gives up on a server that never answers, and ends it', async () => {
    const env = await fakeEnv(`if [ "$3" = "--help" ]; then exit 0; fi; echo $$ > "${cacheDir}/pid"; exec sleep 60`)
    await expect(ensure({ env, startTimeoutMs: 1_500 })).rejects.toMatchObject({
      message: expect.stringContaining('did not answer within'),
    })
    const pid = Number(await readFile(join(cacheDir, 'pid'), 'utf8'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('is not doubled while its process lives but is stuck', async () => {
    await record({ pid: deafServer().pid ?? 0 })
    await expect(ensure({ startTimeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'TEMPORAL_SERVER_FAILED',
      details: { wayOut: expect.stringContaining('parquetry dev --stop') },
    })
  })

  if (process.platform === 'linux')
    it('is not doubled while a record says that another machine serves the database', async () => {
      await record({ host: 'another-machine', pid: 2 ** 31 - 2 })
      await expect(ensure()).rejects.toMatchObject({ message: expect.stringContaining('"another-machine"') })
    })

  it('is refused on Windows, with the ways out', async () => {
    await expect(ensure({ lookup: { platform: 'win32' } })).rejects.toMatchObject({ details: { wayOut: expect.stringContaining('WSL') } })
  })
})

describe('stopping the embedded server', () => {
  it('ends the process, and is content when there is none', async () => {
    expect(await stopServer({ cacheDir })).toEqual({ outcome: 'not-running' })
    const handle = await ensure()
    await handle.stop()
    expect(await serverStatus({ cacheDir })).toMatchObject({ isRunning: false, isAnswering: false })
    expect(await stopServer({ cacheDir })).toEqual({ outcome: 'not-running' })
  })

  it('kills a server that does not end by itself in time', async () => {
    const child = deafServer()
    await record({ pid: child.pid ?? 0 })
    const known = await readRecord(serverPaths(cacheDir).recordFile)
    if (known === null) throw new Error('no record')
    await expect.poll(() => findServerProcess(known)).not.toBeNull()
    await new Promise((wake) => setTimeout(wake, 300))
    expect((await stopServer({ cacheDir, graceMs: 300 })).outcome).toBe('killed')
    expect(child.signalCode).toBe('SIGKILL')
  })

  it('never ends a process that only got the number of our server', async () => {
    const stranger = spawn('sleep', ['60'])
    children.push(stranger)
    await record({ pid: stranger.pid ?? 0 })
    expect((await stopServer({ cacheDir })).outcome).toBe('not-running')
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    expect(await readRecord(serverPaths(cacheDir).recordFile)).toBeNull()
  })
})

describe('a server named by the environment', () => {
  it('is used as it is, and nothing is started', async () => {
    const named = await startTestServer()
    const handle = await ensure({ env: { TEMPORAL_ADDRESS: named.address, HOME: cacheDir } })
    expect(handle).toMatchObject({ address: named.address, namespace: 'default', uiUrl: null, origin: 'configured' })
    await handle.stop()
    const { connection } = await connectTemporal({ TEMPORAL_ADDRESS: named.address, HOME: cacheDir }, handle)
    await connection.close()
    await expect(stat(serverPaths(cacheDir).folder)).rejects.toThrow('ENOENT')
    await named.stop()
  })

  it('may be named by a profile', async () => {
    const named = await startTestServer()
    const file = join(cacheDir, 'temporal.toml')
    await writeFile(file, `[profile.staging]\naddress = "${named.address}"\n`)
    const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'staging' }
    expect(await ensure({ env })).toMatchObject({ address: named.address, origin: 'configured' })
    await expect(ensure({ env: { ...env, TEMPORAL_PROFILE: 'other' } })).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
    await expect(ensure({ env: { TEMPORAL_CONFIG_FILE: join(cacheDir, 'absent.toml') } })).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
    })
    await named.stop()
  })

  it('that is not reachable is a clear error within seconds', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const begin = performance.now()
    await expect(ensure({ env: { TEMPORAL_ADDRESS: address, HOME: cacheDir } })).rejects.toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      message: `Expected a Temporal server at ${address} (named by TEMPORAL_ADDRESS), found none that answers: connection refused, nothing listens there`,
      details: { wayOut: expect.stringContaining('unset TEMPORAL_ADDRESS') },
    })
    expect(performance.now() - begin).toBeLessThan(20_000)
  })

  it('that speaks another protocol is told from one that is not there', async () => {
    const { port, release } = await holdPort()
    const env = { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, HOME: cacheDir }
    await expect(ensure({ env, connectTimeoutMs: 1_000 })).rejects.toMatchObject({
      message: expect.stringContaining('does not speak the Temporal protocol'),
    })
    await release()
  })

  it('without the wanted namespace is an error that names the command to create it', async () => {
    const named = await startTestServer()
    const env = { TEMPORAL_ADDRESS: named.address, TEMPORAL_NAMESPACE: 'absent', HOME: cacheDir }
    await expect(ensure({ env })).rejects.toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      details: { wayOut: expect.stringContaining(`temporal operator namespace create --namespace absent --address ${named.address}`) },
    })
    await named.stop()
  })

  it('an empty variable names nothing', async () => {
    const handle = await ensure({ env: await realEnv({ TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '', TEMPORAL_NAMESPACE: '' }) })
    expect(handle).toMatchObject({ origin: 'started', namespace: 'default' })
  })
})
