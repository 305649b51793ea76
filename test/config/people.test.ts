import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findManagedPeople } from '../../src/client/managed-people.ts'
import type { FoundPeople } from '../../src/config/check-people.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'
import type { PreparedConfig } from '../../src/config/prepare-config.ts'
import { compileStored } from '../../src/config/stored.ts'
import { compile, configOf, errorsOf, expression, sampler } from './builders.ts'
import type { Mapping } from './builders.ts'

const managed: FoundPeople = {
  en_US: {
    kind: 'managed',
    digest: 'sha256:1',
    fields: ['first_name', 'last_name', 'sex', 'city', 'region']
      .map((name) => ({ name, type: { kind: 'string' as const } }))
      .concat([{ name: 'age', type: { kind: 'int64' } } as never]),
  },
}
const faker: FoundPeople = { en_US: { kind: 'faker' }, en_SG: { kind: 'faker' } }
const person = (params: Mapping = {}, more: Mapping = {}): Mapping => sampler('p', 'person', params, more)
const errors = (people: FoundPeople, ...columns: readonly Mapping[]): readonly string[] => errorsOf(configOf(columns), { people })

describe('people that are absent', () => {
  it('are an error that names the file, the download and the fallback', () => {
    const found = { en_US: { kind: 'absent' as const, found: 'no file /managed/datasets/en_US.parquet' } }
    expect(errors(found, person())).toEqual([
      "columns[0].params.locale: expected DataDesigner's managed people of en_US, found no file /managed/datasets/en_US.parquet. Download them " +
        'with "data-designer download personas --locale en_US" and let DATA_DESIGNER_MANAGED_ASSETS_PATH name their folder where it is ' +
        'another one, or make plainer people with --person-fallback faker',
    ])
  })

  it('do not hide other mistakes, and are not offered a fallback that cannot be', () => {
    const found = errors({}, person({ locale: 'en_SG', age_range: [40, 30] }), expression('e', '{{ p.nickname }} {{ q }}'))
    expect(found.map((line) => line.split(':')[0])).toEqual(['columns[0].params.age_range', 'columns[0].params.locale', 'columns[1].expr'])
    expect(found[1]).not.toContain('--person-fallback')
  })
})

describe('managed people', () => {
  it('may be selected by fields that their file has', () => {
    expect(errors(managed, person({ select_field_values: { stat: ['NY'] } }))).toEqual([
      'columns[0].params.select_field_values.stat: people have no field "stat". Did you mean "state"?',
    ])
    expect(errors(managed, person({ select_field_values: { religion: ['none'] }, with_synthetic_personas: true }))).toEqual([
      'columns[0].params.select_field_values.religion: the managed people of en_US have no field "religion"',
      'columns[0].params.with_synthetic_personas: the managed people of en_US have no personas',
    ])
    expect(() => compile(configOf([person({ select_field_values: { state: ['NY'] } })]), { people: managed })).not.toThrow()
  })

  it('have the locales of DataDesigner only', () => {
    expect(errors(managed, person({ locale: 'it_IT' }))[0]).toMatch(
      /^columns\[0\]\.params\.locale: expected one of the locales with managed people, en_US, /,
    )
  })

  it('let templates name the fields they have, and no others', () => {
    expect(() => compile(configOf([person(), expression('e', '{{ p.state }} {{ p.email_address }}')]), { people: managed })).not.toThrow()
    expect(errors(managed, person(), expression('e', '{{ p.region }}'))).toEqual([
      expect.stringMatching(/^columns\[1\]\.expr: "p" has no field "region"/),
    ])
  })

  it('are in the fingerprint, so that people of another file are another dataset', () => {
    const hashOf = (people: FoundPeople): string => compile(configOf([person()]), { people }).compiled.fingerprint.hash
    const other = { en_US: { ...managed['en_US'], digest: 'sha256:2' } } as FoundPeople
    expect(new Set([hashOf(managed), hashOf(other), hashOf(faker)]).size).toBe(3)
  })
})

describe('faker in the place of managed people', () => {
  it('is refused what it cannot give: filters, personas, fields, locales', () => {
    expect(
      errors(
        faker,
        person({ select_field_values: { education_level: ['bachelors'], religion: ['none'] }, with_synthetic_personas: true }),
        expression('e', '{{ p.email_address }} {{ p.middle_name }} {{ p.first_name }}'),
      ),
    ).toEqual([
      'columns[0].params.select_field_values.education_level: faker, which stands in for managed people, cannot select by "education_level"; ' +
        'leave it out, or download the managed people',
      'columns[0].params.select_field_values.religion: faker, which stands in for managed people, has no "religion"; leave it out, or download the managed people',
      'columns[0].params.with_synthetic_personas: faker, which stands in for managed people, has no personas; leave it out, or download the managed people',
      expect.stringMatching(/^columns\[1\]\.expr: "p" has no field "email_address"/),
      expect.stringMatching(/^columns\[1\]\.expr: "p" has no field "middle_name"/),
    ])
    expect(errors(faker, person({ locale: 'en_SG' }))[0]).toMatch(
      /^columns\[0\]\.params\.locale: expected a locale that faker has, one of en_US, /,
    )
  })
})

describe('preparing a config with people', () => {
  const env = (folder: string): Record<string, string> => ({ DATA_DESIGNER_MANAGED_ASSETS_PATH: folder })
  const assets = fileURLToPath(new URL('../fixtures/managed-assets', import.meta.url))
  const prepare = (folder: string, more: Mapping = {}): Promise<PreparedConfig> =>
    prepareConfig(configOf([person()]), { env: env(folder), homeFolder: '/nowhere', findPeople: findManagedPeople, ...more })

  it('finds the file in the folder of managed assets, and falls back only where there is none', async () => {
    expect((await prepare(assets, { personFallback: 'faker' })).compiled.people['en_US']?.kind).toBe('managed')
    expect((await prepare('/nowhere', { personFallback: 'faker' })).compiled.people['en_US']?.kind).toBe('faker')
    await expect(prepare('/nowhere')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('/nowhere/datasets/en_US.parquet'),
    })
  })

  it('stores what it found, so that the folder alone compiles to the same', async () => {
    for (const folder of [assets, '/nowhere']) {
      const { compiled, builderConfig, parquetryFile } = await prepare(folder, { personFallback: 'faker' })
      const stored = compileStored(JSON.parse(JSON.stringify(builderConfig)) as object, JSON.parse(JSON.stringify(parquetryFile)) as object)
      expect(stored.fingerprint).toEqual(compiled.fingerprint)
      expect(stored.schema).toEqual(compiled.schema)
      expect(JSON.stringify(builderConfig)).not.toContain('sha256')
    }
  })
})
