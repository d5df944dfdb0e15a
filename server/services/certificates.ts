import { hash } from 'node:crypto'
import {
  AppError,
  type CardProfile,
  type CertificateView,
  type RevocationReason,
  type Slot,
} from '../../shared/contract/index.ts'
import { keyAlgorithmOf, parseCertificate, PkiError, verifyCsr } from '../../shared/pki/index.ts'
import type { CertificateProfileName, FinalRevocationReason, IssuedCertificate } from '../ca/gateway.ts'
import { newId } from '../db/index.ts'
import {
  findCertificate,
  findCertificateByRequest,
  insertCertificate,
  listCertificates,
  updateCertificate,
  type CertificateRowStored,
} from '../db/repositories/cards.ts'
import type { EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import type { HolderRowStored } from '../db/repositories/holders.ts'
import { setOperatorCertificateStatus } from '../db/repositories/operators.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { Tell } from './change.ts'
import { placeOf, scopeOf, type ServiceDeps } from './deps.ts'
import { changeEnrolment } from './enrolment-change.ts'
import { completeStep, nextState } from './enrolment-state.ts'
import { getEnrolment, holderOf } from './enrolment-view.ts'
import { subjectNumber } from './subject-number.ts'
import { certificateSnapshot, certificateView, holderName, stepsOf } from './views.ts'

interface Asked {
  readonly cardSerial: string
  readonly slot: Slot
  readonly csr: Uint8Array
}
export interface IssuedAnswer {
  readonly certificate: CertificateView
  readonly der: string
  readonly chain: string[]
}

/** The key of a request whose possession was proved. Throws CA_REQUEST_INVALID. */
const provedKey = (csr: Uint8Array, wanted: CardProfile['keys'][number]): Uint8Array => {
  try {
    const request = verifyCsr(csr)
    if (keyAlgorithmOf(request.key) !== wanted.algorithm)
      throw new AppError('CA_REQUEST_INVALID', { reason: 'algorithm' })
    return request.spki
  } catch (cause) {
    if (cause instanceof PkiError) throw new AppError('CA_REQUEST_INVALID', { reason: cause.reason }, { cause })
    throw cause
  }
}

/** Tells one certificate's change. */
export const changeCertificate = async (
  trx: OperationalTransaction,
  tell: Tell,
  before: CertificateRowStored,
  values: Partial<Omit<CertificateRowStored, 'id' | 'tenant' | 'version' | 'created_at' | 'updated_at'>>,
  at: number,
  reason: string | null = null,
): Promise<CertificateRowStored> => {
  await updateCertificate(trx, before.id, { ...values, updated_at: at })
  const after = { ...before, ...values, updated_at: at, version: before.version + 1 }
  await tell({
    action: 'Modification',
    object: { type: 'certificate', id: before.id },
    before: certificateSnapshot(before),
    after: certificateSnapshot(after),
    reason,
    place: placeOf(before),
  })
  return after
}

const valuesOf = (issued: IssuedCertificate) => ({
  serial: issued.serial,
  der: issued.der,
  subject: parseCertificate(issued.der).subject.text,
  not_before: issued.notBefore.getTime(),
  not_after: issued.notAfter.getTime(),
})

/** Certificates of cards: issued once per key, revoked with a new list before the call returns. */
export class Certificates {
  readonly #deps: ServiceDeps
  /** Ends the sessions of an operator whose certificate was revoked. */
  readonly #endSessions: (operatorId: string) => Promise<void>

  constructor(deps: ServiceDeps, endSessions: (operatorId: string) => Promise<void>) {
    this.#deps = deps
    this.#endSessions = endSessions
  }

  /**
   * One certificate per (enrolment, slot, key). Order, and what is true if the process dies after each:
   * 1. the request is written and audited: nothing issued, or issued and found again by its key;
   * 2. the CA issues, idempotent by the same key: a repeat gives the same certificate;
   * 3. the certificate and the step are written, what another key had before is revoked, all audited.
   * Throws CA_REQUEST_INVALID, CARD_MISMATCH, ENROLMENT_STATE, REQUEST_CONFLICT (`revoked`), CA_UNAVAILABLE.
   */
  async issue(call: Call, enrolmentId: string, asked: Asked): Promise<IssuedAnswer> {
    const { db, profiles, ca, changes } = this.#deps
    const enrolment = await getEnrolment(db, call, enrolmentId)
    nextState(enrolment.state, 'step')
    if (enrolment.card_serial !== asked.cardSerial) throw new AppError('CARD_MISMATCH')
    const wanted = profiles.get(enrolment.card_profile).keys.find((key) => key.slot === asked.slot)
    if (!wanted) throw new AppError('CA_REQUEST_INVALID', { reason: 'slot' })
    const stepId = `certificate:${asked.slot}`
    completeStep(stepsOf(enrolment.steps), stepId, { startedAt: call.at, doneAt: call.at })
    const requestKey = `${enrolmentId}:${asked.slot}:${hash('sha256', provedKey(asked.csr, wanted))}`
    const holder = await holderOf(db, enrolment)
    const requested = await this.#request(call, enrolment, holder, wanted, requestKey, asked.csr)
    if (requested.state === 'revoked') throw new AppError('REQUEST_CONFLICT', { reason: 'revoked' })
    const issued =
      requested.serial !== null && requested.der !== null
        ? null
        : await ca.issue({
            profile: wanted.certificateProfile as CertificateProfileName,
            csr: requested.csr ?? asked.csr,
            subject: {
              commonName: holderName(holder).slice(0, 64),
              givenName: holder.given_names.slice(0, 64),
              surname: holder.family_name.slice(0, 40),
              serialNumber: subjectNumber(holder.id),
            },
            ...(holder.email === null ? {} : { san: { email: [holder.email] } }),
            idempotencyKey: requestKey,
          })
    const others = (await listCertificates(db, enrolment.tenant, { enrolment: enrolmentId })).filter(
      (one) =>
        one.slot === asked.slot && one.id !== requested.id && (one.state === 'issued' || one.state === 'requested'),
    )
    const othersIssued = await this.#resolve(others)
    const stored = await changes.run(call, async (trx, tell) => {
      const row = await getEnrolment(trx, call, enrolmentId)
      nextState(row.state, 'step')
      for (const other of othersIssued) await this.#supersede(trx, tell, other, call.at)
      const current = (await findCertificateByRequest(trx, requestKey)) ?? requested
      const after =
        issued === null || current.state !== 'requested'
          ? current
          : await changeCertificate(trx, tell, current, { ...valuesOf(issued), state: 'issued' }, call.at)
      const steps = completeStep(stepsOf(row.steps), stepId, { startedAt: current.created_at, doneAt: call.at })
      await changeEnrolment(trx, tell, row, { steps: JSON.stringify(steps) }, call)
      return after
    })
    for (const other of othersIssued) if (other.serial !== null) await ca.revoke(other.serial, 'superseded')
    const chain = await ca.chain()
    return {
      certificate: certificateView(stored, call.at),
      der: Buffer.from(stored.der ?? []).toString('base64'),
      chain: chain.map((one) => Buffer.from(one).toString('base64')),
    }
  }

  /** Repeated with the same outcome, it changes nothing. Throws CERTIFICATE_NOT_FOUND, REQUEST_CONFLICT. */
  async revoke(call: Call, serial: string, reason: RevocationReason, note: string): Promise<CertificateView> {
    const { db } = this.#deps
    const found = await findCertificate(db, scopeOf(call), serial)
    if (!found || found.state === 'requested') throw new AppError('CERTIFICATE_NOT_FOUND')
    if (found.state === 'revoked') return certificateView(found, call.at)
    const isHold = reason === 'certificateHold'
    if (isHold && found.state === 'suspended') return certificateView(found, call.at)
    let operator: string | null = null
    const after = await this.#deps.changes.run(call, async (trx, tell) => {
      const before = await findCertificate(trx, scopeOf(call), serial)
      if (!before) throw new AppError('CERTIFICATE_NOT_FOUND')
      operator = await setOperatorCertificateStatus(trx, before.tenant, serial, 'revoked', call.at)
      const values = {
        state: isHold ? ('suspended' as const) : ('revoked' as const),
        revoked_at: call.at,
        revocation_reason: reason,
      }
      return changeCertificate(trx, tell, before, values, call.at, note)
    })
    // After the entry: if the process dies here, `reconcile` tells the CA at the next start.
    await this.#revokeAtCa(serial, reason)
    if (operator !== null) await this.#endSessions(operator)
    return certificateView(after, call.at)
  }

  /** Tells the CA of every revocation that was recorded and did not reach it. Run at start. */
  async reconcile(): Promise<void> {
    const rows = await this.#deps.db
      .selectFrom('certificate')
      .innerJoin('ca_certificate', 'ca_certificate.serial', 'certificate.serial')
      .select(['certificate.serial', 'certificate.revocation_reason'])
      .where('certificate.state', 'in', ['revoked', 'suspended'])
      .where('ca_certificate.status', '=', 'issued')
      .execute()
    for (const { serial, revocation_reason: reason } of rows)
      if (serial !== null) await this.#revokeAtCa(serial, (reason ?? 'unspecified') as RevocationReason)
  }

  async #revokeAtCa(serial: string, reason: RevocationReason): Promise<void> {
    if (reason === 'certificateHold') await this.#deps.ca.suspend(serial)
    else await this.#deps.ca.revoke(serial, reason satisfies FinalRevocationReason)
  }

  /** Certificates as they are at the CA: one that was only requested may have been issued before a crash. */
  async #resolve(rows: readonly CertificateRowStored[]): Promise<CertificateRowStored[]> {
    const resolved: CertificateRowStored[] = []
    for (const row of rows) {
      const found = row.state === 'requested' ? await this.#deps.findIssued(row.request_key) : null
      if (!found) {
        resolved.push(row)
        continue
      }
      const { notBefore, notAfter, subject } = parseCertificate(found.der)
      const validity = { not_before: notBefore.getTime(), not_after: notAfter.getTime(), subject: subject.text }
      resolved.push({ ...row, ...found, ...validity })
    }
    return resolved
  }

  async #supersede(trx: OperationalTransaction, tell: Tell, row: CertificateRowStored, at: number): Promise<void> {
    const { serial, der, subject, not_before, not_after } = row
    const values = {
      serial,
      der,
      subject,
      not_before,
      not_after,
      state: 'revoked' as const,
      revoked_at: at,
      revocation_reason: 'superseded',
    }
    await changeCertificate(trx, tell, row, values, at, 'another key in this slot')
  }

  /** Everything of an enrolment that was issued or may have been, for a roll-back. */
  async ofEnrolment(enrolment: EnrolmentRowStored): Promise<CertificateRowStored[]> {
    const rows = await listCertificates(this.#deps.db, enrolment.tenant, { enrolment: enrolment.id })
    return this.#resolve(
      rows.filter((row) => row.state === 'issued' || row.state === 'requested' || row.state === 'suspended'),
    )
  }

  async #request(
    call: Call,
    enrolment: EnrolmentRowStored,
    holder: HolderRowStored,
    wanted: CardProfile['keys'][number],
    requestKey: string,
    csr: Uint8Array,
  ): Promise<CertificateRowStored> {
    const known = await findCertificateByRequest(this.#deps.db, requestKey)
    if (known) return known
    return this.#deps.changes.run(call, async (trx, tell) => {
      const row: CertificateRowStored = {
        id: newId('certificate'),
        tenant: enrolment.tenant,
        ...placeOf(enrolment),
        version: 1,
        serial: null,
        issuer: 'internal',
        card_id: enrolment.card_id,
        enrolment_id: enrolment.id,
        holder_id: holder.id,
        profile: wanted.certificateProfile,
        slot: wanted.slot,
        subject: holderName(holder),
        der: null,
        state: 'requested',
        not_before: null,
        not_after: null,
        revoked_at: null,
        revocation_reason: null,
        request_key: requestKey,
        csr,
        created_at: call.at,
        updated_at: call.at,
      }
      const { version: _version, issuer: _issuer, ...values } = row
      await insertCertificate(trx, values)
      const object = { type: 'certificate', id: row.id } as const
      await tell({ action: 'Insertion', object, after: certificateSnapshot(row), place: placeOf(row) })
      return row
    })
  }
}
