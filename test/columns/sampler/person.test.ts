import { describe, expect, it } from 'vitest'
import { chiSquareScore } from '../../random/statistics.ts'
import { PERSON_LOCALES } from '../../../src/columns/sampler/person-locales.ts'
import { FAKER_FIELDS } from '../../../src/plan/people.ts'
import type { SamplerParams } from '../../../src/config/compiled.ts'
import type { Value } from '../../../src/values.ts'
import { column, program, rowsOf, valuesOf } from './samplers.ts'

type Person = Record<string, Value>
type PersonParams = Extract<SamplerParams, { sampler_type: 'person_from_faker' }>

const people = async (
  given: Partial<Omit<PersonParams, 'sampler_type'>>,
  count: number,
  referenceTime = '2024-06-15T12:00:00Z',
): Promise<Person[]> => (await valuesOf(column('p', 'person_from_faker', given), count, { referenceTime })) as Person[]

function ageOn(birthDate: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return birthDate.slice(5) > day.slice(5) ? years - 1 : years
}

describe('a person', () => {
  it('has the fields of the declared type, in order, all filled', async () => {
    for (const person of await people({}, 300)) {
      expect(Object.keys(person)).toEqual(FAKER_FIELDS.map((field) => field.name))
      const { middle_name: middleName, unit, age, ...texts } = person
      expect([middleName, unit, Number.isInteger(age)]).toEqual([null, '', true])
      for (const text of Object.values(texts)) expect(text).toMatch(/\S/)
      expect(person['uuid']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(person['bachelors_field'] === 'no_degree').toBe(
        !['bachelors', 'graduate', 'doctorate'].includes(person['education_level'] as string),
      )
    }
  })

  it('is as old on the reference day as its birth date says, at every age and on a leap day', async () => {
    for (const day of ['2024-06-15', '2024-02-29', '2023-02-28', '2024-12-31', '2024-01-01', '2024-03-01']) {
      const found = await people({ age_range: [0, 114] }, 2000, `${day}T23:59:59Z`)
      for (const person of found)
        expect(ageOn(person['birth_date'] as string, day), `${person['birth_date'] as string} on ${day}`).toBe(person['age'])
    }
  })

  it('has any age of its range, both ends included, alike', async () => {
    const found = await people({ age_range: [17, 20] }, 4000)
    const counts = [17, 18, 19, 20].map((age) => found.filter((person) => person['age'] === age).length)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4000)
    expect(Math.abs(chiSquareScore(counts, [1000, 1000, 1000, 1000]))).toBeLessThan(4)
    expect(found.every((person) => (person['phone_number'] === null) === (person['age'] as number) < 18)).toBe(true)
  })

  it('keeps to sex and city', async () => {
    expect(
      (await people({ sex: 'Female', city: 'Ulm' }, 50)).every((person) => person['sex'] === 'Female' && person['city'] === 'Ulm'),
    ).toBe(true)
    const found = await people({ city: ['Ulm', 'Bonn'] }, 50)
    expect(new Set(found.map((person) => person['city']))).toEqual(new Set(['Ulm', 'Bonn']))
    expect(new Set(found.map((person) => person['sex']))).toEqual(new Set(['Male', 'Female']))
  })

  it('comes from its own locale, also beside people of another', async () => {
    const columns = [column('j', 'person_from_faker', { locale: 'ja_JP' }), column('d', 'person_from_faker', { locale: 'de_DE' })]
    const both = rowsOf(await program(columns), 20)
    const alone = rowsOf(await program(columns.slice(0, 1)), 20)
    expect(both.map((row) => row['j'])).toEqual(alone.map((row) => row['j']))
    expect(
      both.every(
        (row) =>
          (row['j'] as Person)['locale'] === 'ja_JP' &&
          /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u.test((row['j'] as Person)['last_name'] as string),
      ),
    ).toBe(true)
    expect(both.every((row) => !/\p{Script=Han}/u.test((row['d'] as Person)['last_name'] as string))).toBe(true)
  })

  it('can be made in every locale on the list', async () => {
    expect(PERSON_LOCALES.length).toBeGreaterThan(100)
    for (const locale of PERSON_LOCALES) {
      const [person] = await people({ locale }, 1)
      expect(person!['locale']).toBe(locale)
      expect(person!['first_name'], locale).toMatch(/\S/)
      expect(person!['last_name'], locale).toMatch(/\S/)
    }
  })

  it('has null where its locale has no such thing', async () => {
    expect((await people({ locale: 'en_HK' }, 1))[0]!['postcode']).toBeNull()
    expect((await people({ locale: 'ro_MD' }, 1))[0]!['state']).toBeNull()
  })
})
