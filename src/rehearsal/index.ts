/** The rehearsal endpoint. */
export { REHEARSAL_FINGERPRINT, REHEARSAL_HEADER, REHEARSAL_MODEL, startRehearsalServer } from './server.ts'
export type { RehearsalServer, RehearsalStats } from './server.ts'
export type { RehearsalOptions } from './faults.ts'
export { REHEARSAL_LABEL } from './words.ts'
