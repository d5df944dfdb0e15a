import { createHash, randomBytes } from 'node:crypto'
import {
  AppError,
  type CardKeyAlgorithm,
  type CertificateView,
  type EnrolmentView,
  type HolderView,
  type Slot,
} from '../../shared/contract/index.ts'
import {
  type ExternalSigner,
  type NameAttribute,
  parseCertificate,
  PkiError,
  signatureAlgorithmFor,
  signCsr,
  verifySignature,
} from '../../shared/pki/index.ts'
import type { CardAddress, CardPort, CardSecrets, DeskStore } from './ports.ts'

const CHALLENGE_BYTES = 48
const CN_MAX = 64
/** The authority takes the subject from the enrolment, never from the request (RFC 2986 proves the key only). */
const subjectOf = ({ givenNames, familyName }: HolderView): NameAttribute[] => [
  {
    type: 'CN',
    value: Array.from(`${givenNames} ${familyName}`)
      .slice(0, CN_MAX / 2)
      .join('')
      .trim(),
  },
]

export interface SlotKey {
  slot: Slot
  algorithm: CardKeyAlgorithm
}
export type OpenCard = CardAddress & CardSecrets

/** A signer whose key is in a slot of the card being made, under the transport PIN. */
export function slotSigner(cards: CardPort, open: OpenCard, key: SlotKey): ExternalSigner {
  return {
    algorithm: signatureAlgorithmFor(key.algorithm),
    sign: (data) => cards.signWithTransportPin({ ...open, ...key, data }),
  }
}

/**
 * Does the card hold the private key of `spki` in this slot? It signs a fresh challenge, so that neither an old answer
 * nor a certificate beside another key passes.
 */
export async function holdsKey(cards: CardPort, open: OpenCard, key: SlotKey, spki: Uint8Array): Promise<boolean> {
  const data = randomBytes(CHALLENGE_BYTES)
  const signer = slotSigner(cards, open, key)
  try {
    const signature = await signer.sign(data)
    verifySignature({ algorithm: signer.algorithm, spki, data, signature })
    return true
  } catch (error) {
    // An empty slot answers with an error to the command; the wrong key with a signature that does not verify.
    if (error instanceof PkiError || (error instanceof AppError && error.code === 'CARD_COMMAND_FAILED')) return false
    throw error
  }
}

/** The certificate the server has for a slot and would give again, if any. */
export const issuedFor = (enrolment: EnrolmentView, slot: Slot): CertificateView | null =>
  enrolment.certificates.find((certificate) => certificate.slot === slot && certificate.state === 'issued') ?? null

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Where a slot stands, as far as the card itself proves it: `written` (the server's certificate is on the card and its
 * key too), `made` (the card holds the key this desk noted), `none` (make a key).
 */
export async function findSlotState(
  parts: { cards: CardPort; store: DeskStore },
  open: OpenCard,
  key: SlotKey,
  enrolment: EnrolmentView,
): Promise<{ kind: 'written' } | { kind: 'made'; spki: Uint8Array } | { kind: 'none' }> {
  const issued = issuedFor(enrolment, key.slot)
  const { reader, serial } = open
  const onCard = issued && (await parts.cards.readCertificate({ reader, serial, slot: key.slot }))
  if (issued && onCard && sha256Hex(onCard) === issued.sha256) {
    if (await holdsKey(parts.cards, open, key, parseCertificate(onCard).spki)) return { kind: 'written' }
    return { kind: 'none' }
  }
  const kept = parts.store.readKey(enrolment.id, key.slot)
  if (kept === null || kept.cardSerial !== serial) return { kind: 'none' }
  return (await holdsKey(parts.cards, open, key, kept.spki)) ? { kind: 'made', spki: kept.spki } : { kind: 'none' }
}

/**
 * The request for the slot's key: the one kept, or a new one signed on the card and kept before it is given. The same
 * request gives the same certificate, so a desk killed while the authority answers gets that certificate, not another.
 */
export async function requestFor(
  parts: { cards: CardPort; store: DeskStore },
  open: OpenCard,
  key: SlotKey,
  enrolment: EnrolmentView,
): Promise<Uint8Array> {
  const kept = parts.store.readKey(enrolment.id, key.slot)
  if (kept === null) throw new AppError('INTERNAL', { reason: 'no-key' })
  if (kept.csr !== null) return kept.csr
  const subject = subjectOf(enrolment.holder)
  const csr = await signCsr({ subject, spki: kept.spki }, slotSigner(parts.cards, open, key))
  parts.store.writeKey(enrolment.id, key.slot, { ...kept, csr })
  return csr
}
