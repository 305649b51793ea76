/** Where drawn people come from, as the samplers see it; `src/dataset/people.ts` reads DataDesigner's managed files. */
import type { Value } from '../../values.ts'

/** Which people of a managed file are wanted. */
export interface PeopleRequest {
  readonly locale: string
  /** Digest of the file that the dataset was prepared with. */
  readonly digest: string
  /** Field of the file → values of which a person has one, as text. */
  readonly filters: Readonly<Record<string, readonly string[]>>
  /** Youngest and oldest age, both possible. */
  readonly ages: readonly [number, number]
  /** Fields to read. */
  readonly fields: readonly string[]
}

/** The people that a request found, in the order of the file. */
export interface PeoplePool {
  readonly size: number
  /** The fields of one of them, 0 ≤ index < size. */
  at(index: number): Readonly<Record<string, Value>>
}

/** Finds people; a pool of size 0 when none is as wanted. Throws `STORAGE_FAILED` when the file is not there or is another one. */
export type OpenPeople = (request: PeopleRequest) => Promise<PeoplePool>
