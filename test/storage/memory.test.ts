import { createMemoryStorage } from '../../src/storage/memory.ts'
import { describeStorage } from './conformance.ts'

describeStorage('memory', async () => createMemoryStorage())
