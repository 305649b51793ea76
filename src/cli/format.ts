/** Numbers as people read them; the report has the same. */
export { bytes, count, duration, money } from '../plan/format.ts'
