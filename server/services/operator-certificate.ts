import { AppError } from '../../shared/contract/errors.ts'
import { findWorkingOwner, setOperatorCertificateStatus } from '../db/repositories/operators.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { Tell } from './change.ts'

/**
 * An operator's certificate is their access to the system, not only a card of the office that houses them: an officer
 * who could revoke it would lock out an auditor or administrator in one call. While they work here, only they
 * themselves may. Anyone else's goes in two steps by two people: an administrator suspends the operator, which takes
 * their access at once, then an officer of the office revokes. Throws ACCESS_DENIED (`operator-certificate`), audited.
 */
export const assertMayRevoke = async (
  trx: OperationalTransaction,
  call: Pick<Call, 'actor' | 'at'>,
  of: { readonly tenant: string; readonly serial: string },
): Promise<void> => {
  const owner = await findWorkingOwner(trx, of.tenant, of.serial, call.at)
  if (owner !== null && owner !== call.actor.operator.id)
    throw new AppError('ACCESS_DENIED', { reason: 'operator-certificate' })
}

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
