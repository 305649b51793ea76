/** Are the people that `person` columns ask for there, and can what stands for them be what is asked? */
import {
  FAKER_FIELDS,
  FAKER_MANAGED_LOCALES,
  fileField,
  MANAGED_LOCALES,
  PERSONA_FIELDS,
  PII_FIELDS,
  REQUIRED_PERSON_FIELDS,
} from '../plan/people.ts'
import type { People, PeopleSource } from '../plan/people.ts'
import { allParams } from './check-samplers.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { Placed } from './read-config.ts'
import type { ColumnConfig, SamplerColumnConfig } from './schema-columns.ts'
import { suggest } from './suggest.ts'

/** Locale → where its people come from, or why there are none. */
export type FoundPeople = Readonly<Record<string, PeopleSource | { readonly kind: 'absent'; readonly found: string }>>

type PersonParams = Extract<SamplerColumnConfig['params'], { sampler_type: 'person' }>

function personParams(columns: readonly Placed<ColumnConfig>[]): readonly Placed<PersonParams>[] {
  return columns.flatMap(({ part, path }) =>
    part.column_type === 'sampler' && part.sampler_type === 'person'
      ? allParams(part, path).flatMap((placed) => (placed.part.sampler_type === 'person' ? [{ part: placed.part, path: placed.path }] : []))
      : [],
  )
}

/** Locales of managed people that the columns draw from. */
export function personLocales(columns: readonly Placed<ColumnConfig>[]): readonly string[] {
  const locales = personParams(columns).map(({ part }) => part.locale)
  return [...new Set(locales)].filter((locale) => MANAGED_LOCALES.includes(locale))
}

/** The same with faker in the place of what is absent. */
export function withFaker(found: FoundPeople, locales: readonly string[]): FoundPeople {
  return Object.fromEntries(
    locales.map((locale) => {
      const source = found[locale]
      return [locale, source === undefined || source.kind === 'absent' ? { kind: 'faker' as const } : source]
    }),
  )
}

/** The people that the columns draw from. Reports those that are not there, and what the ones that are cannot do. */
export function checkPeople(columns: readonly Placed<ColumnConfig>[], found: FoundPeople, report: Report): People {
  const people: Record<string, PeopleSource> = {}
  for (const { part: params, path } of personParams(columns)) {
    const { locale } = params
    if (!MANAGED_LOCALES.includes(locale)) continue
    checkFieldNames(params, path, report)
    const source = found[locale]
    if (source === undefined || source.kind === 'absent') reportAbsent(locale, source?.found ?? 'none', [...path, 'locale'], report)
    else if (source.kind === 'faker') checkFaker(params, path, report)
    else checkFile(params, source, path, report)
    if (source !== undefined && source.kind !== 'absent') people[locale] = source
  }
  return people
}

function reportAbsent(locale: string, found: string, path: Path, report: Report): void {
  const fallback = FAKER_MANAGED_LOCALES.includes(locale) ? ', or make plainer people with --person-fallback faker' : ''
  report.error(
    path,
    `expected DataDesigner's managed people of ${locale}, found ${found}. Download them with "data-designer download personas ` +
      `--locale ${locale}" and let DATA_DESIGNER_MANAGED_ASSETS_PATH name their folder where it is another one${fallback}`,
  )
}

const KNOWN_FIELDS: readonly string[] = [...PII_FIELDS, ...PERSONA_FIELDS]

/** Fields that people are selected by and that people of some locale have. */
function selectedFields({ select_field_values: selected }: PersonParams): readonly string[] {
  return Object.keys(selected ?? {}).filter((field) => KNOWN_FIELDS.includes(field))
}

function checkFieldNames({ select_field_values: selected }: PersonParams, path: Path, report: Report): void {
  for (const field of Object.keys(selected ?? {})) {
    if (KNOWN_FIELDS.includes(field)) continue
    report.error([...path, 'select_field_values', field], `people have no field "${field}".${suggest(field, KNOWN_FIELDS)}`)
  }
}

const INSTEAD = 'leave it out, or download the managed people'

/** Faker knows neither a population nor personas. */
function checkFaker(params: PersonParams, path: Path, report: Report): void {
  const { locale, with_synthetic_personas: isPersona } = params
  if (!FAKER_MANAGED_LOCALES.includes(locale)) {
    report.error([...path, 'locale'], `expected a locale that faker has, one of ${FAKER_MANAGED_LOCALES.join(', ')}, found "${locale}"`)
  }
  for (const field of selectedFields(params)) {
    const known = FAKER_FIELDS.some(({ name }) => name === field) ? 'cannot select by' : 'has no'
    report.error([...path, 'select_field_values', field], `faker, which stands in for managed people, ${known} "${field}"; ${INSTEAD}`)
  }
  if (isPersona) {
    report.error([...path, 'with_synthetic_personas'], `faker, which stands in for managed people, has no personas; ${INSTEAD}`)
  }
}

function checkFile(params: PersonParams, { fields }: Extract<PeopleSource, { kind: 'managed' }>, path: Path, report: Report): void {
  const { locale, sex, city, with_synthetic_personas: isPersona } = params
  const has = (field: string): boolean => fields.some(({ name }) => name === field)
  const missing = REQUIRED_PERSON_FIELDS.filter((field) => !has(field))
  if (missing.length > 0) report.error([...path, 'locale'], `expected people of ${locale} with ${missing.join(', ')}, found a file without`)
  const lacks = (field: string, where: Path): void => {
    if (!has(fileField(field, locale))) report.error(where, `the managed people of ${locale} have no field "${field}"`)
  }
  if (sex !== null) lacks('sex', [...path, 'sex'])
  if (city !== null) lacks('city', [...path, 'city'])
  for (const field of selectedFields(params)) lacks(field, [...path, 'select_field_values', field])
  if (isPersona && !fields.some(({ name }) => PERSONA_FIELDS.includes(name))) {
    report.error([...path, 'with_synthetic_personas'], `the managed people of ${locale} have no personas`)
  }
}
