import { ChainWriter } from '../../../server/audit/chain-writer.ts'
import { AUDIT_KEY, findTenant, keyStoreConfigOf } from '../../../server/foundation.ts'
import { databaseLocation, readConfig } from '../../../server/config.ts'
import { openDatabases } from '../../../server/db/open.ts'
import { indexNext } from '../../../server/db/repositories/audit-search.ts'
import { openKeyStore } from '../../../server/hsm/index.ts'
import type { DemoInstance } from '../../../main/launch/demo.ts'
import { sampleOf } from '../../bench/audit-sample.ts'

const BATCH = 1000
const SEARCH_BATCH = 2000
const STEP_MS = 30_000

/** So many entries of a registration office in the instance's chain, signed by its keys. The server must not run. */
export async function fillChain(
  instance: Pick<DemoInstance, 'serverConfig'>,
  entries: number,
): Promise<{ readonly chain: string; readonly tenant: string }> {
  const config = readConfig(instance.serverConfig)
  const databases = await openDatabases({
    operational: databaseLocation(config.databases.operational),
    audit: databaseLocation(config.databases.audit),
  })
  const keys = await openKeyStore(keyStoreConfigOf(config.keys))
  try {
    const tenant = await findTenant({ config, databases })
    const signer = await keys.signer(AUDIT_KEY)
    const writer = new ChainWriter(databases.audit, { chain: config.name, mode: 'epoch', signer })
    // They end before the instance was made, so that what the test does comes last.
    const sample = sampleOf(7, Date.now() - 86_400_000 - entries * STEP_MS, STEP_MS)
    const next = () => ({ ...sample.next(), tenant })
    for (let made = 0; made < entries; made += BATCH)
      await writer.append(Array.from({ length: Math.min(BATCH, entries - made) }, next))
    await writer.close()
    while ((await indexNext(databases.audit.db, 'sqlite', config.name, SEARCH_BATCH)) > 0);
    return { chain: config.name, tenant }
  } finally {
    await keys.close()
    await databases.close()
  }
}
