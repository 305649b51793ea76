import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import type { SamplerColumn, SamplerParams } from '../../../src/config/compiled.ts'
import type { FoundPeople } from '../../../src/config/check-people.ts'
import { createOpenPeople, findPeople } from '../../../src/dataset/row-group/people.ts'
import type { People } from '../../../src/plan/people.ts'
import { samplerValueType } from '../../../src/plan/sampler-types.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { createSpool } from '../../../src/storage/spool.ts'
import type { Value } from '../../../src/values.ts'
import { askPython } from '../../parquet/python.ts'
import { column, params, program, rowsOf } from './samplers.ts'

type Person = Record<string, Value>
type PersonParams = Extract<SamplerParams, { sampler_type: 'person' }>

const folder = openStorage(fileURLToPath(new URL('../../fixtures/managed-assets', import.meta.url)))
const openPeople = createOpenPeople({ folder, createSpool })
const found: FoundPeople = await findPeople(folder, ['en_US', 'de_DE', 'ja_JP', 'fr_FR'])
const people = Object.fromEntries(Object.entries(found).filter(([, source]) => source.kind !== 'absent')) as People
const sources = { people, openPeople, referenceTime: '2024-06-15T12:00:00Z' }

const draw = async (given: Partial<Omit<PersonParams, 'sampler_type'>>, count: number): Promise<Person[]> => {
  const rows = rowsOf(await program([column('p', 'person', given)], sources), count)
  return rows.map((row) => row['p'] as Person)
}
const typeOf = (sampler: SamplerColumn): readonly string[] => {
  const type = samplerValueType(sampler, people)
  return type.kind === 'group' ? type.fields.map(({ name, type: { kind } }) => `${name} ${kind}`) : []
}

function ageOn(birthDate: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return birthDate.slice(5) > day.slice(5) ? years - 1 : years
}

describe('a managed person', () => {
  it('has the fields that DataDesigner gives to one of the same file, in the declared order', async () => {
    // as data-designer 0.9.6 printed them for this very file, with personas
    const expected =
      'uuid first_name middle_name last_name sex age marital_status postcode city country education_level occupation locale ' +
      'birth_date phone_number email_address national_id state persona hobbies_and_interests_list openness'
    const [person] = await draw({ with_synthetic_personas: true }, 1)
    expect(Object.keys(person!)).toEqual(expected.split(' '))
    expect(typeOf(column('p', 'person', { with_synthetic_personas: true })).map((field) => field.split(' ')[0])).toEqual(
      expected.split(' '),
    )
    expect(typeOf(column('p', 'person')).slice(-2)).toEqual(['national_id string', 'state string'])
  })

  it('is one of the file, whole', async () => {
    for (const person of await draw({ with_synthetic_personas: true }, 100)) {
      expect(person).toMatchObject({
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        locale: 'en_US',
        country: 'USA',
        state: { 'New York': 'NY', Oakland: 'CA', Austin: 'TX', Columbus: 'OH' }[person['city'] as string],
        hobbies_and_interests_list: [expect.any(String), 'maps'],
        openness: expect.any(Number),
      })
      expect(person['column_of_no_use']).toBeUndefined()
    }
  })

  it('meets every filter, and every person who does is drawn', async () => {
    const drawn = await draw(
      { sex: 'Female', city: ['Oakland', 'Austin'], age_range: [30, 60], select_field_values: { state: ['CA'] } },
      800,
    )
    for (const { sex, city, age, state } of drawn) {
      expect([sex, city, state]).toEqual(['Female', 'Oakland', 'CA'])
      expect(age).toBeGreaterThanOrEqual(30)
      expect(age).toBeLessThanOrEqual(60)
    }
    const { size } = await openPeople({
      locale: 'en_US',
      digest: (people['en_US'] as { digest: string }).digest,
      filters: { sex: ['Female'], region: ['CA'] },
      ages: [30, 60],
      fields: [],
    })
    expect(size).toBeGreaterThan(5)
    expect(new Set(drawn.map(({ uuid }) => uuid)).size).toBe(size)
  })

  it('has a birth date of its age, and what only adults have from 18 on', async () => {
    const drawn = await draw({ age_range: [0, 114] }, 600)
    expect(drawn.some(({ age }) => (age as number) < 18)).toBe(true)
    for (const { birth_date: born, age, email_address: email, phone_number: phone, national_id: id } of drawn) {
      expect(ageOn(born as string, '2024-06-15')).toBe(age)
      expect(id).toMatch(/^(?!666)\d{3}-\d{2}-\d{4}$/)
      if ((age as number) < 18) expect([email, phone]).toEqual([null, null])
      else {
        expect(email).toMatch(/^[a-z0-9._]+@[a-z]+\.com$/)
        expect(phone).toMatch(/^[2-9]\d{2}-[2-9]\d{2}-\d{4}$/)
      }
    }
    const inAustin = drawn.filter(({ city, phone_number: phone }) => city === 'Austin' && phone !== null)
    const local = inAustin.filter(({ phone_number: phone }) => (phone as string).startsWith('512') || (phone as string).startsWith('737'))
    expect(local.length / inAustin.length).toBeGreaterThan(0.75)
  })

  it('of another country has no telephone number and no national id, an address in ASCII, and the words of configs', async () => {
    for (const person of await draw({ locale: 'de_DE', sex: 'Female' }, 50)) {
      expect(person).toMatchObject({ sex: 'Female', phone_number: null, national_id: null })
      expect(['Änne', 'Käthe']).toContain(person['first_name'])
    }
    for (const person of await draw({ locale: 'ja_JP' }, 20)) expect(person['email_address']).toMatch(/^[a-z0-9._]+@/)
  })

  it('of a column with two locales has the fields of both, null where one has none', async () => {
    const columns = [
      column('land', 'category', { values: ['us', 'de'] }),
      column('p', 'person', {}, { conditional_params: { 'land == de': params('person', { locale: 'de_DE' }) } }),
    ]
    const rows = rowsOf(await program(columns, sources), 40)
    for (const { land, p } of rows as { land: string; p: Person }[]) {
      expect([p['locale'], p['industry'], p['state'] === null]).toEqual(land === 'us' ? ['en_US', null, false] : ['de_DE', 'Bau', true])
    }
    expect(Object.keys(rows[0]!['p'] as Person)).toEqual(typeOf(columns[1]!).map((field) => field.split(' ')[0]))
  })

  it('is the same at any buffer size, whatever was drawn before', async () => {
    const columns = [column('p', 'person', { with_synthetic_personas: true })]
    const whole = rowsOf(await program(columns, sources), 60)
    const other = await program(columns, { ...sources, openPeople: createOpenPeople({ folder, createSpool }) })
    for (let row = 59; row >= 0; row -= 7) {
      const alone: Record<string, Value> = {}
      other.sampleRow(row, 0, alone)
      expect(alone).toEqual(whole[row])
    }
  })

  it('is made by faker where that stands in, with the fields declared then, all filled for an adult', async () => {
    const byFaker = { ...sources, people: { en_US: { kind: 'faker' as const } } }
    const rows = rowsOf(await program([column('p', 'person', { sex: 'Male', city: 'Rome', age_range: [20, 30] })], byFaker), 50)
    const type = samplerValueType(column('p', 'person'), byFaker.people)
    for (const { p } of rows as { p: Person }[]) {
      expect(Object.keys(p)).toEqual(type.kind === 'group' ? type.fields.map(({ name }) => name) : [])
      expect(p).toMatchObject({ sex: 'Male', city: 'Rome' })
      expect(Object.values(p)).not.toContain(null)
      expect(Object.values(p)).not.toContain('')
    }
  })

  it('is the recorded one: a change here changes datasets already made', async () => {
    const [person] = await draw({}, 1)
    expect(person).toMatchInlineSnapshot(`
      {
        "age": 75,
        "birth_date": "1948-10-09",
        "city": "New York",
        "country": "USA",
        "education_level": "bachelors",
        "email_address": "johnkhopper1948@icloud.com",
        "first_name": "John",
        "last_name": "Hopper",
        "locale": "en_US",
        "marital_status": "never_married",
        "middle_name": "Kay",
        "national_id": "572-56-6585",
        "occupation": "baker",
        "phone_number": "929-904-4890",
        "postcode": "10011",
        "sex": "Male",
        "state": "NY",
        "uuid": "ecc7defd-d4ce-42dc-b6a7-12f1ee920c4c",
      }
    `)
  })

  it('is a config error where nobody is as wanted, and where the file is another one', async () => {
    await expect(draw({ city: 'Atlantis' }, 1)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('columns.p.params: Expected filters that some person of the locale en_US meets; found nobody.'),
    })
    const other = { ...sources, people: { en_US: { ...people['en_US'], digest: 'sha256:0' } as People[string] } }
    await expect(program([column('p', 'person')], other)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(/datasets\/en_US\.parquet, found another file$/),
    })
  })
})

describe('a managed file that is compressed with ZSTD, as downloads are', () => {
  it('has the same people', { timeout: 60_000 }, async () => {
    const away = mkdtempSync(join(tmpdir(), 'parquetry-test-'))
    try {
      mkdirSync(join(away, 'datasets'))
      const to = join(away, 'datasets', 'en_US.parquet')
      const file = fileURLToPath(new URL('../../fixtures/managed-assets/datasets/en_US.parquet', import.meta.url))
      await askPython([{ reader: 'recompress', file, to, codec: 'zstd' }])
      const bytes = new Uint8Array(readFileSync(to))
      const codecs = parquetMetadata(bytes.buffer).row_groups.flatMap(({ columns }) => columns.map(({ meta_data: chunk }) => chunk?.codec))
      expect(new Set(codecs)).toEqual(new Set(['ZSTD']))

      const elsewhere = openStorage(away)
      const packed = {
        people: (await findPeople(elsewhere, ['en_US'])) as People,
        openPeople: createOpenPeople({ folder: elsewhere, createSpool }),
      }
      expect(packed.people['en_US']).toMatchObject({ kind: 'managed' })
      const given = { city: ['Oakland', 'Austin'], with_synthetic_personas: true }
      const rows = rowsOf(await program([column('p', 'person', given)], { ...sources, ...packed }), 40)
      expect(rows.map((row) => row['p'])).toEqual(await draw(given, 40))
    } finally {
      rmSync(away, { recursive: true, force: true })
    }
  })
})
