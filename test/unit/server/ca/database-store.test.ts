import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import {
  createOperationalDatabase,
  openDatabases,
  createAuditDatabase,
  type Databases,
} from '../../../../server/db/index.ts'
import { DatabaseCaStore } from '../../../../server/db/repositories/ca-store.ts'
import { temporaryFolder } from '../hsm/folders.ts'
import { caStoreSuite } from './ca-store-suite.ts'

const folder = await temporaryFolder()
let databases: Databases
beforeAll(async () => {
  const operational = { dialect: 'sqlite', file: join(folder.path, 'operational.db') } as const
  const audit = { dialect: 'sqlite', file: join(folder.path, 'audit.db') } as const
  await createOperationalDatabase(operational)
  await createAuditDatabase(audit)
  databases = await openDatabases({ operational, audit })
})
afterAll(async () => {
  await databases.close()
  await folder.remove()
})

describe('when certificates are kept in SQLite', () =>
  caStoreSuite(() => new DatabaseCaStore(databases.operational.db)))
