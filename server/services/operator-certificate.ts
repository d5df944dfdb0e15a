import { setOperatorCertificateStatus } from '../db/repositories/operators.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Tell } from './change.ts'

/**
 * Takes an operator's certificate out of use, with an entry of the operator; gives whose it is, or null where it is
 * nobody's. Their sessions are ended by the caller.
 */
export const revokeOperatorCertificate = async (
  trx: OperationalTransaction,
  tell: Tell,
  of: { readonly tenant: string; readonly serial: string },
  at: number,
  reason: string,
): Promise<string | null> => {
  const change = await setOperatorCertificateStatus(trx, of.tenant, of.serial, 'revoked', at)
  if (!change) return null
  const { operatorId, name, before, division, office } = change
  if (before !== 'revoked') {
    const told = { id: operatorId, name, certificate: of.serial }
    await tell({
      action: 'Modification',
      object: { type: 'operator', id: operatorId },
      before: { ...told, certificateStatus: before },
      after: { ...told, certificateStatus: 'revoked' },
      reason,
      place: { division, office },
    })
  }
  return operatorId
}
