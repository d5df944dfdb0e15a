import { createPublicKey, verify } from 'node:crypto'
import {
  AppError,
  WORKER_KEY_SKEW_MS,
  workerKeyInput,
  type PublicJwk,
  type VouchedKey,
  type WorkerKeyVoucher,
} from '../../shared/contract/index.ts'
import { findStation } from '../db/repositories/operators.ts'
import { assertWorkerKey } from '../vault/worker-key.ts'
import type { Call } from './call.ts'
import type { ServiceDeps } from './deps.ts'

/**
 * Is the key that codes will be sealed to a card worker's of the station this session was opened at. Each check is
 * against an officer with a client of their own, who could else read the codes of a card they work on: only the station
 * can say so, for this purpose, this enrolment or unblocking, this card, this session, now.
 * Throws REQUEST_INVALID (`worker-key`) for what is no key, ACCESS_DENIED (`worker-key-station`, `-time`, `-signature`),
 * which is audited.
 */
export const assertWorkerVouched = async (
  { db, serverName }: Pick<ServiceDeps, 'db' | 'serverName'>,
  call: Pick<Call, 'actor' | 'at'>,
  asked: { readonly workerKey: PublicJwk; readonly vouched: WorkerKeyVoucher },
  about: Pick<VouchedKey, 'purpose' | 'subject' | 'cardSerial'>,
): Promise<void> => {
  const { workerKey: key, vouched } = asked
  assertWorkerKey(key)
  const refused = (reason: string) => new AppError('ACCESS_DENIED', { reason: `worker-key-${reason}` })
  const { tenant, station, sessionId: session } = call.actor
  const known = station === null ? null : await findStation(db, tenant, station)
  if (station === null || known?.status !== 'active') throw refused('station')
  const { time } = vouched
  if (Math.abs(call.at - time) > WORKER_KEY_SKEW_MS) throw refused('time')
  const publicKey = createPublicKey({ key: Buffer.from(known.public_key), format: 'der', type: 'spki' })
  const said = workerKeyInput({ ...about, serverName, session, station, time, key })
  const signature = Buffer.from(vouched.signature, 'base64')
  if (!verify('sha256', said, { key: publicKey, dsaEncoding: 'der' }, signature)) throw refused('signature')
}
