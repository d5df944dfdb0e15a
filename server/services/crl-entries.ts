import { hash, randomUUID } from 'node:crypto'
import { CHAIN_TENANT, recordIntent } from '../audit/index.ts'
import type { AuditSequencer } from '../audit/ports.ts'
import { newId } from '../db/index.ts'
import type { CrlAudit } from '../db/repositories/ca-store.ts'

/**
 * An entry for each revocation list published, of the tenant whose CA it is. The list is never kept without its intent;
 * but it does not wait for the chain: while that is stopped, who checks a certificate must still get a fresh list.
 */
export const crlEntries = (tenantName: string, sequencer: AuditSequencer): CrlAudit => ({
  record: async (trx, crl) => {
    const tenant = await trx.selectFrom('tenant').select('id').where('name', '=', tenantName).executeTakeFirst()
    const id = newId('intent')
    const after = {
      id: crl.id,
      name: `${crl.issuer} CRL ${crl.number}`,
      issuer: crl.issuer,
      number: Number(crl.number),
      thisUpdate: crl.thisUpdate.getTime(),
      nextUpdate: crl.nextUpdate.getTime(),
      sha256: hash('sha256', crl.der),
    }
    await recordIntent(trx, {
      id,
      at: Date.now(),
      // The first lists are made before there is a tenant.
      tenant: tenant?.id ?? CHAIN_TENANT,
      operator: null,
      station: null,
      action: 'Insertion',
      object: { type: 'crl', id: crl.id },
      correlationId: randomUUID(),
      before: null,
      after,
      reason: null,
    })
    return id
  },
  // Refused only while the chain takes no entry: the intent stays, and is drained when it does again.
  kept: (intent) => void sequencer.settle([intent]).catch(() => undefined),
})
