import { describe } from 'vitest'
import { MemoryCaStore } from '../../../fakes/ca-store.ts'
import { caStoreSuite } from './ca-store-suite.ts'

const store = new MemoryCaStore()

describe('when certificates are kept in memory', () => caStoreSuite(() => store))
