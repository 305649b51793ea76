/**
 * People of the `person` sampler: which fields they have, from what is known of where they come from. Names of fields and locales are
 * DataDesigner's; its managed files hold one person a row.
 */
import type { SamplerColumn, SamplerParams } from '../config/compiled.ts'
import type { Field, ValueType } from '../values.ts'

/** Where the people of one locale come from: DataDesigner's managed file, told by its digest, or faker where that is absent. */
export type PeopleSource =
  | {
      readonly kind: 'managed'
      /** `sha256:<hex>` over the file's size and footer. */
      readonly digest: string
      /** Fields of the file that DataDesigner knows, in its order. */
      readonly fields: readonly Field[]
    }
  | { readonly kind: 'faker' }

/** Locale → where its people come from. */
export type People = Readonly<Record<string, PeopleSource>>

/** Locales with managed people. */
export const MANAGED_LOCALES = 'en_US en_GB en_IN en_SG de_DE fr_FR hi_Deva_IN hi_Latn_IN ja_JP ko_KR pt_BR'.split(' ') as readonly string[]

/** Those of them whose people faker can make instead. */
export const FAKER_MANAGED_LOCALES = 'en_US en_GB en_IN de_DE fr_FR ja_JP ko_KR pt_BR'.split(' ') as readonly string[]

/** Fields about who a person is, in DataDesigner's order. */
export const PII_FIELDS = (
  'uuid first_name middle_name last_name sex age marital_status postcode city district region country street_name street_number unit ' +
  'bachelors_field education_level occupation locale birth_date state email_address phone_number national_id ethnic_background ' +
  'industry preferred_english_name first_name_heritage name_heritage is_first_gen_immigrant household_type monthly_income_eur area ' +
  'blood_pressure_status blood_sugar_status bmi_status drinking_status economic_activity_status family_type housing_tenure ' +
  'housing_type income_bracket military_status smoking_status waist_status ethnicity country_of_birth disability ' +
  'migration_background employment_status job_position occupation_kldb last_occupation last_occupation_kldb kreis_code nationality ' +
  'race education_degree first_language second_language third_language zone religion'
).split(' ') as readonly string[]

/** Fields of synthetic personas (`with_synthetic_personas`), in DataDesigner's order. */
export const PERSONA_FIELDS = (
  'persona detailed_persona professional_persona career_goals_and_ambitions cultural_background arts_persona culinary_persona ' +
  'finance_persona healthcare_persona sports_persona travel_persona hobbies_and_interests hobbies_and_interests_list ' +
  'skills_and_expertise skills_and_expertise_list openness conscientiousness extraversion agreeableness neuroticism aspects ' +
  'digital_skill family_persona religious_persona religious_background linguistic_persona linguistic_background'
).split(' ') as readonly string[]

/** Fields that a managed file must have; `locale` is taken from the file's name. */
export const REQUIRED_PERSON_FIELDS = ['first_name', 'last_name', 'age'] as const

/** Fields that are made of the others, as in DataDesigner; of a file they are not read. */
export const DERIVED_PERSON_FIELDS = ['birth_date', 'phone_number', 'email_address', 'national_id'] as const

const TEXT: ValueType = { kind: 'string' }

/** Fields of people by faker; every one may be null where faker's locale has no such thing. */
export const FAKER_FIELDS: readonly Field[] = (
  'uuid locale first_name last_name middle_name sex street_number street_name city state postcode age birth_date country ' +
  'marital_status education_level unit occupation phone_number bachelors_field'
)
  .split(' ')
  .map((name) => ({ name, type: name === 'age' ? { kind: 'int64' } : TEXT }))

/** What faker has nothing for: null or empty with `person_from_faker`, left out where faker stands in for managed people. */
const NOT_OF_FAKER: readonly string[] = ['middle_name', 'unit']

type PersonParams = Extract<SamplerParams, { sampler_type: 'person' }>

/** The field of the file that a filter is about: the states of en_US stand under `region`. */
export function fileField(field: string, locale: string): string {
  return field === 'state' && locale === 'en_US' ? 'region' : field
}

/** Fields of the file that are read for these params, in its order. */
export function fieldsRead(params: PersonParams, source: Extract<PeopleSource, { kind: 'managed' }>): readonly Field[] {
  const derived: readonly string[] = [...DERIVED_PERSON_FIELDS, 'locale']
  return source.fields.filter(({ name }) => !derived.includes(name) && (params.with_synthetic_personas || !PERSONA_FIELDS.includes(name)))
}

/** Fields of the people that these params draw, in order. */
export function fieldsOfPerson(params: PersonParams, people: People): readonly Field[] {
  const source = people[params.locale]
  if (source === undefined) return []
  if (source.kind === 'faker') return FAKER_FIELDS.filter(({ name }) => !NOT_OF_FAKER.includes(name))
  const read = fieldsRead(params, source)
  const hasState = read.some(({ name }) => name === 'state')
  const isState = (name: string): boolean => name === 'region' && params.locale === 'en_US' && !hasState
  const ranks = new Map(PII_FIELDS.map((name, rank) => [name, rank]))
  const pii = [{ name: 'locale', type: TEXT }, ...read.filter(({ name }) => !PERSONA_FIELDS.includes(name) && !isState(name))]
  return [
    ...pii.toSorted((left, right) => ranks.get(left.name)! - ranks.get(right.name)!),
    ...DERIVED_PERSON_FIELDS.map((name) => ({ name, type: TEXT })),
    ...read.filter(({ name }) => isState(name)).map(({ type }) => ({ name: 'state', type })),
    ...read.filter(({ name }) => PERSONA_FIELDS.includes(name)),
  ]
}

/** Fields of a `person` column: those of all its params. A field that two locales hold in different types is JSON. */
export function fieldsOfPeople(column: SamplerColumn, people: People): readonly Field[] {
  const fields = new Map<string, Field>()
  for (const params of [column.params, ...Object.values(column.conditional_params)]) {
    if (params.sampler_type !== 'person') continue
    for (const field of fieldsOfPerson(params, people)) {
      const known = fields.get(field.name)
      const isOther = known !== undefined && JSON.stringify(known.type) !== JSON.stringify(field.type)
      fields.set(field.name, isOther ? { name: field.name, type: { kind: 'json' } } : field)
    }
  }
  return [...fields.values()]
}
