/**
 * People from faker. A person is a pure function of its stream and the reference day: faker is given the row's own stream in
 * place of its generator, and never asks for the time. Its word lists belong to the pinned version of @faker-js/faker, so a
 * new version of that package changes people (test/columns/sampler/golden.json notices).
 */
import type { Faker, Randomizer } from '@faker-js/faker'
import type { SamplerParams } from '../../config/compiled.ts'
import { ParquetryError } from '../../errors.ts'
import type { RowStream } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import { dateOfDays, daysInMonth, daysOfDate, formatIsoDate } from '../../plan/calendar.ts'
import { drawInteger, drawItem } from './draw.ts'
import type { Draw } from './draw.ts'
import { fakerPackageOf, PERSON_LOCALES } from './person-locales.ts'
import { uuidText } from './uuid.ts'

/** Faker with one locale's words, drawing from whatever stream it is handed. Costly to make (a few ms), so one per locale. */
export interface PersonSource {
  use(stream: RowStream): Faker
}

/** Loads the words of a locale. Throws `CONFIG_INVALID` naming all known locales when there is none. */
export async function loadPersonSource(locale: string): Promise<PersonSource> {
  const name = fakerPackageOf(locale)
  if (name === undefined) {
    throw new ParquetryError('CONFIG_INVALID', `Expected a locale that faker has; found ${JSON.stringify(locale)}.`, {
      wayOut: `Use one of ${PERSON_LOCALES.join(', ')}.`,
    })
  }
  const { faker: original } = (await import(`@faker-js/faker/locale/${name}`)) as { faker: Faker }
  let current: RowStream | null = null
  const randomizer: Randomizer = { next: () => current!.next(), seed: () => undefined }
  // the package's own instance is shared by all who import it, and its class is not exported without all other locales
  const FakerOfLocale = original.constructor as typeof Faker
  const own = new FakerOfLocale({ locale: original.rawDefinitions, randomizer })
  return {
    use(stream) {
      current = stream
      return own
    },
  }
}

/** Draws people; `referenceDay` (days since 1970-01-01) is the day on which they have their age. */
export function drawPerson(
  params: Pick<Extract<SamplerParams, { sampler_type: 'person_from_faker' }>, 'locale' | 'sex' | 'city' | 'age_range'>,
  source: PersonSource,
  referenceDay: number,
): Draw {
  const sexes = params.sex === null ? SEXES : [params.sex]
  const cities = params.city === null ? null : typeof params.city === 'string' ? [params.city] : params.city
  return (stream) => {
    const sex = drawItem(stream, sexes)
    const age = drawInteger(stream, params.age_range[0], params.age_range[1] + 1)
    const educationLevel = drawItem(stream, EDUCATION_LEVELS)
    const maritalStatus = drawItem(stream, MARITAL_STATUSES)
    const degree = drawItem(stream, BACHELORS_FIELDS)
    const birthDate = formatIsoDate(drawBirthDay(stream, age, referenceDay))
    const uuid = uuidText(stream)
    const chosenCity = cities === null ? null : drawItem(stream, cities)
    const faker = source.use(stream)
    const fakerSex = sex === 'Male' ? 'male' : 'female'
    return {
      uuid,
      locale: params.locale,
      first_name: orNull(() => faker.person.firstName(fakerSex)),
      last_name: orNull(() => faker.person.lastName(fakerSex)),
      middle_name: null,
      sex,
      street_number: orNull(() => faker.location.buildingNumber()),
      street_name: orNull(() => faker.location.street()),
      city: chosenCity ?? orNull(() => faker.location.city()),
      state: orNull(() => faker.location.state()),
      postcode: orNull(() => faker.location.zipCode()),
      age,
      birth_date: birthDate,
      country: orNull(() => faker.location.country()),
      marital_status: maritalStatus,
      education_level: educationLevel,
      unit: '',
      occupation: orNull(() => faker.person.jobTitle()),
      phone_number: age < ADULT_AGE ? null : orNull(() => faker.phone.number()),
      bachelors_field: COLLEGE_LEVELS.has(educationLevel) ? degree : 'no_degree',
    } satisfies Record<string, Value>
  }
}

const ADULT_AGE = 18
const SEXES = ['Male', 'Female'] as const
const MARITAL_STATUSES = ['married_present', 'divorced', 'never_married', 'separated', 'widowed'] as const
const EDUCATION_LEVELS = ['secondary_education', 'some_college', 'bachelors', 'associates', 'graduate', 'doctorate'] as const
const COLLEGE_LEVELS: ReadonlySet<string> = new Set(['bachelors', 'graduate', 'doctorate'])
const BACHELORS_FIELDS = ['stem', 'business', 'education', 'arts_humanities', 'stem_related'] as const

/** Any day of birth that gives exactly this age on the reference day, all equally likely. */
export function drawBirthDay(stream: RowStream, age: number, referenceDay: number): number {
  const dayAfterOlder = anniversary(referenceDay, age + 1) + 1
  return drawInteger(stream, dayAfterOlder, anniversary(referenceDay, age) + 1)
}

/** The same day some years before; the last of February stands for the 29th. */
function anniversary(day: number, years: number): number {
  const date = dateOfDays(day)
  const year = date.year - years
  return daysOfDate(year, date.month, Math.min(date.day, daysInMonth(year, date.month)))
}

/** Some locales have no states, postcodes …: faker throws for them, and the field is null. */
function orNull(make: () => string): string | null {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error && error.message.includes('locale data')) return null
    throw error
  }
}
