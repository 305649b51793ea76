import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { SEARCH_ATTRIBUTES } from '../src/contract.ts'
import { PINNED_VERSION } from '../src/server/pinned-binary.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

describe('the package', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>

  it('pins every dependency exactly', () => {
    const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] })
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('has all parts of Temporal in one version', () => {
    const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] }).filter(([name]) =>
      name.startsWith('@temporalio/'),
    )
    expect(new Set(versions.map(([, version]) => version)).size).toBe(1)
  })

  it('names the programmatic API and the command', () => {
    expect(manifest['exports']).toMatchObject({ '.': { default: './dist/src/index.js', types: './dist/src/index.d.ts' } })
    expect(manifest['bin']).toEqual({ parquetry: 'dist/src/cli/main.js' })
    expect(existsSync(join(root, 'LICENSE'))).toBe(true)
  })

  it('has a lock file without addresses of a registry', () => {
    expect(read('package-lock.json')).not.toContain('"resolved": "http')
  })

  it('has a lock file with every platform in it, so that npm ci accepts it on each of them', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Readonly<Record<string, { optionalDependencies?: Readonly<Record<string, string>> }>>
    }
    const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    const known = Object.keys(packages)
    expect(wanted.filter((name) => !known.some((path) => path.endsWith(`node_modules/${name}`)))).toEqual([])
    expect(wanted.length).toBeGreaterThan(40)
  })
})

describe('docker-compose.yml', () => {
  interface Service {
    readonly image: string
    readonly command: readonly string[]
    readonly ports?: readonly string[]
    readonly volumes: readonly string[]
    readonly environment?: Readonly<Record<string, string>>
    readonly depends_on?: object
  }
  const { services, volumes } = parse(read('docker-compose.yml')) as {
    services: Readonly<Record<'temporal' | 'worker', Service>>
    volumes: object
  }

  it('starts the server that the embedded one is, with its search attributes, on loopback ports only', () => {
    expect(services.temporal.image).toBe(`temporalio/temporal:${PINNED_VERSION}`)
    for (const name of Object.values(SEARCH_ATTRIBUTES))
      expect(services.temporal.command.join(' ')).toContain(`--search-attribute=${name}=`)
    expect(services.temporal.ports?.every((port) => port.startsWith('127.0.0.1:'))).toBe(true)
  })

  it('runs the worker on glibc once the server answers, and keeps what must be kept in named volumes', () => {
    expect(services.worker.image).not.toContain('alpine')
    expect(services.worker.depends_on).toEqual({ temporal: { condition: 'service_healthy' } })
    expect(services.worker.environment?.['TEMPORAL_ADDRESS']).toBe('temporal:7233')
    expect(Object.keys(volumes)).toEqual(['temporal-data', 'worker-modules'])
    for (const { volumes: mounts } of Object.values(services)) {
      for (const mount of mounts) {
        const [from = ''] = mount.split(':')
        expect(from.startsWith('.') || from.startsWith('$') || Object.hasOwn(volumes, from)).toBe(true)
      }
    }
  })
})
