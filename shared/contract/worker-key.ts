import { z } from 'zod'
import { Base64, TimeMs, type PublicJwk } from './scalars.ts'

/** What codes of the vault are sealed to a card worker for. */
export type WorkerKeyPurpose = 'personalisation' | 'hand-over' | 'unblock'

/**
 * A station's word for its card worker's key: ECDSA P-256 over SHA-256 (DER) by the station's registered key, over
 * `workerKeyInput`. Without it anyone with an operator's session could have codes sealed to a key of their own.
 */
export const WorkerKeyVoucher = z.strictObject({
  /** When it was given, by the server's clock as the station knows it. */
  time: TimeMs,
  signature: Base64(200),
})
export type WorkerKeyVoucher = z.infer<typeof WorkerKeyVoucher>

/** How far its time may be from the server's. */
export const WORKER_KEY_SKEW_MS = 2 * 60_000

export interface VouchedKey {
  readonly purpose: WorkerKeyPurpose
  /** The enrolment's id; of an unblocking, which has none yet, its Idempotency-Key. */
  readonly subject: string
  readonly cardSerial: string
  readonly serverName: string
  /** The session it is given in: another officer's, or a later one of the same, is another. */
  readonly session: string
  readonly station: string
  readonly time: number
  readonly key: PublicJwk
}

/** What the station signs: every part is told apart, and a voucher for one thing is none for another. */
export const workerKeyInput = (about: VouchedKey): Uint8Array => {
  const { purpose, subject, cardSerial, serverName, session, station, time, key } = about
  const parts = ['countersign/worker-key/v1', serverName, station, session, purpose, subject, cardSerial, time]
  return new TextEncoder().encode(JSON.stringify([...parts, key.x, key.y]))
}
