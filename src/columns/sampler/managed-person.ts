/**
 * People from a managed file: who it is comes from the file; birth date, telephone number, e-mail address and national id are made
 * of that in DataDesigner's way, from the row's own stream. All are fictions: what looks real is so by chance.
 */
import type { SamplerParams } from '../../config/compiled.ts'
import { fieldsRead, fileField } from '../../plan/people.ts'
import type { PeopleSource } from '../../plan/people.ts'
import type { RowStream } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import { daysOfDate, formatIsoDate } from '../../plan/calendar.ts'
import { drawInteger, drawItem } from './draw.ts'
import type { Draw } from './draw.ts'
import { emailAddress } from './email-address.ts'
import type { ToAscii } from './email-address.ts'
import type { PeoplePool, PeopleRequest } from './people.ts'
import { drawBirthDay } from './person.ts'
import { readZipAreas } from './zip-areas.ts'
import type { ZipArea } from './zip-areas.ts'

type PersonParams = Extract<SamplerParams, { sampler_type: 'person' }>

/** The request that params make of their file. */
export function requestOf(params: PersonParams, source: Extract<PeopleSource, { kind: 'managed' }>): PeopleRequest {
  const { locale, sex, city, select_field_values: selected } = params
  const cities = city === null ? [] : typeof city === 'string' ? [city] : city
  const filters: Record<string, readonly string[]> = {}
  if (sex !== null) filters['sex'] = [sex]
  if (cities.length > 0) filters['city'] = cities
  for (const [field, values] of Object.entries(selected ?? {})) if (values.length > 0) filters[fileField(field, locale)] = values
  return { locale, digest: source.digest, filters, ages: params.age_range, fields: fieldsRead(params, source).map(({ name }) => name) }
}

/** Draws people with the fields named, null where a person has none; `referenceDay` is the day on which they have their age. */
export function drawManagedPerson(
  { locale }: PersonParams,
  pool: PeoplePool,
  fields: readonly string[],
  referenceDay: number,
  toAscii: ToAscii,
): Draw {
  const areas = locale === 'en_US' ? readZipAreas() : new Map<string, ZipArea>()
  return (stream) => {
    const found = pool.at(Math.floor(stream.next() * pool.size))
    const age = Number(found['age'] ?? 0)
    const born = drawBirthDay(stream, age, referenceDay)
    const isAdult = age >= ADULT_AGE
    const region = locale === 'en_US' ? (found['region'] ?? null) : null
    const person: Record<string, Value> = {
      ...found,
      locale,
      birth_date: formatIsoDate(born),
      state: found['state'] ?? region,
      phone_number:
        isAdult && areas.size > 0 && typeof found['postcode'] === 'string' ? phoneNumber(stream, found['postcode'], areas) : null,
      email_address: isAdult ? emailAddress(stream, found, age, born, toAscii) : null,
      national_id: typeof region === 'string' ? nationalId(stream, region, born) : null,
    }
    return Object.fromEntries(fields.map((field) => [field, person[field] ?? null]))
  }
}

const ADULT_AGE = 18

/** Of ten numbers nine are of the person's own area. */
function phoneNumber(stream: RowStream, postcode: string, areas: ReadonlyMap<string, ZipArea>): string {
  const own = stream.next() < 0.9 ? areas.get(postcode.slice(0, 3)) : undefined
  const area =
    own ??
    drawWeighted(
      stream,
      [...areas.values()].map((any) => [any, any.people] as const),
    )
  return `${drawWeighted(stream, area.codes)}-${drawInteger(stream, 200, 1_000)}-${String(drawInteger(stream, 0, 10_000)).padStart(4, '0')}`
}

/** One of the items by weight, from one draw. */
function drawWeighted<Item>(stream: RowStream, items: readonly (readonly [Item, number])[]): Item {
  let rest = stream.next() * items.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [item, weight] of items) {
    if (rest < weight) return item
    rest -= weight
  }
  return items.at(-1)![0]
}

/** Since this day the first three digits say nothing about the state. */
const RANDOMIZATION_DAY = daysOfDate(2011, 6, 25)
const ALL_AREAS = [1, 899] as const
const UNUSED_AREA = 666

/** In the form of a social security number: digits of the person's state, for three of ten of another one. */
function nationalId(stream: RowStream, state: string, born: number): string {
  const ranges = Object.values(STATE_AREAS)
  const isMoved = stream.next() < 0.3
  const other = drawItem(stream, ranges)
  const [from, to] = born >= RANDOMIZATION_DAY ? ALL_AREAS : isMoved ? other : (STATE_AREAS[state] ?? ALL_AREAS)
  let area = drawInteger(stream, from, to + 1)
  while (area === UNUSED_AREA) area = drawInteger(stream, from, to + 1)
  const digits = (value: number, width: number): string => String(value).padStart(width, '0')
  return `${digits(area, 3)}-${digits(drawInteger(stream, 1, 100), 2)}-${digits(drawInteger(stream, 1, 10_000), 4)}`
}

/** First and last area number of each state, as the Social Security Administration gave them out until 2011. */
const STATE_AREAS: Readonly<Record<string, readonly [number, number]>> = {
  NH: [1, 3],
  ME: [4, 7],
  VT: [8, 9],
  MA: [10, 34],
  RI: [35, 39],
  CT: [40, 49],
  NY: [50, 134],
  NJ: [135, 158],
  PA: [159, 211],
  MD: [212, 220],
  DE: [221, 222],
  VA: [223, 231],
  WV: [232, 236],
  NC: [237, 246],
  SC: [247, 251],
  GA: [252, 260],
  FL: [261, 267],
  OH: [268, 302],
  IN: [303, 317],
  IL: [318, 361],
  MI: [362, 386],
  WI: [387, 399],
  KY: [400, 407],
  TN: [408, 415],
  AL: [416, 424],
  MS: [425, 428],
  AR: [429, 432],
  LA: [433, 439],
  OK: [440, 448],
  TX: [449, 467],
  MN: [468, 477],
  IA: [478, 485],
  MO: [486, 500],
  ND: [501, 502],
  SD: [503, 504],
  NE: [505, 508],
  KS: [509, 515],
  MT: [516, 517],
  ID: [518, 519],
  WY: [520, 520],
  CO: [521, 524],
  NM: [525, 527],
  AZ: [526, 527],
  UT: [528, 529],
  NV: [530, 530],
  WA: [531, 539],
  OR: [540, 544],
  CA: [545, 573],
  AK: [574, 574],
  HI: [575, 576],
  DC: [577, 579],
  VI: [580, 580],
  PR: [580, 599],
  GU: [586, 586],
  AS: [586, 586],
}
