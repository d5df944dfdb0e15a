import { hash } from 'node:crypto'
import {
  AppError,
  RegistrationRecord,
  type CertificateView,
  type ErrorCode,
  type RevocationReason,
  type Slot,
} from '../../shared/contract/index.ts'
import { keyAlgorithmOf, parseCertificate, PkiError, verifyCsr } from '../../shared/pki/index.ts'
import type { CertificateProfileName, FinalRevocationReason, IssuedCertificate } from '../ca/gateway.ts'
import { newId } from '../db/index.ts'
import {
  findCertificate,
  findCardAnywhere,
  findCertificateByRequest,
  insertCertificate,
  listCertificates,
  updateCertificate,
  type CertificateRowStored,
} from '../db/repositories/cards.ts'
import type { EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { Tell } from './change.ts'
import { placeOf, scopeOf, type ServiceDeps } from './deps.ts'
import { changeEnrolment } from './enrolment-change.ts'
import { completeStep, nextState } from './enrolment-state.ts'
import { getEnrolment } from './enrolment-view.ts'
import { assertMayRevoke, revokeOperatorCertificate } from './operator-certificate.ts'
import { subjectNumber } from './subject-number.ts'
import { certificateSnapshot, certificateView, stepsOf } from './views.ts'

/** The enrolment is no longer where a certificate could be used: rolled back, on another card, or with another key. */
const LEFT_BEHIND: readonly ErrorCode[] = ['CARD_MISMATCH', 'ENROLMENT_STATE', 'REQUEST_CONFLICT']

type Wanted = RegistrationRecord['certificates'][number]
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
const provedKey = (csr: Uint8Array, wanted: Wanted): Uint8Array => {
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
  await updateCertificate(trx, before, { ...values, updated_at: at })
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

/** At most so many characters, none cut in its middle (RFC 5280 appendix A.1 counts characters). */
const cut = (text: string, characters: number): string => Array.from(text).slice(0, characters).join('')

/** What the officer signed: who the certificates name and which they are, whatever was changed in the books since. */
const signedRecord = (row: EnrolmentRowStored): RegistrationRecord => {
  if (row.record === null) throw new AppError('ENROLMENT_STATE', { reason: 'record-missing' })
  return RegistrationRecord.parse(JSON.parse(row.record))
}

const subjectOf = ({ holder }: RegistrationRecord) => ({
  commonName: cut(`${holder.givenNames} ${holder.familyName}`, 64),
  givenName: cut(holder.givenNames, 64),
  surname: cut(holder.familyName, 40),
  serialNumber: subjectNumber(holder.id),
})

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
   * One certificate per (enrolment, slot, key), naming whom the signed record names, ending no later than the card.
   * Order, and what is true if the process dies after each:
   * 1. the request is written and audited: nothing issued, or issued and found again by its key;
   * 2. the CA issues, idempotent by the same key: a repeat gives the same certificate;
   * 3. the certificate and the step are written, what another key had before is revoked, all audited. Where the
   *    enrolment went on without us meanwhile (rolled back, another card, another key), it is revoked instead.
   * Throws CA_REQUEST_INVALID, CARD_MISMATCH, ENROLMENT_STATE, REQUEST_CONFLICT (`revoked`), CA_UNAVAILABLE.
   */
  async issue(call: Call, enrolmentId: string, asked: Asked): Promise<IssuedAnswer> {
    const { db, ca } = this.#deps
    const enrolment = await getEnrolment(db, call, enrolmentId)
    nextState(enrolment.state, 'step')
    if (enrolment.card_serial !== asked.cardSerial) throw new AppError('CARD_MISMATCH')
    const record = signedRecord(enrolment)
    const wanted = record.certificates.find((key) => key.slot === asked.slot)
    if (!wanted) throw new AppError('CA_REQUEST_INVALID', { reason: 'slot' })
    completeStep(stepsOf(enrolment.steps), `certificate:${asked.slot}`, { startedAt: call.at, doneAt: call.at })
    const requestKey = `${enrolmentId}:${asked.slot}:${hash('sha256', provedKey(asked.csr, wanted))}`
    const card = await findCardAnywhere(db, enrolment.tenant, asked.cardSerial)
    const requested = await this.#request(call, enrolment, record, wanted, requestKey, asked.csr)
    if (requested.state === 'revoked') throw new AppError('REQUEST_CONFLICT', { reason: 'revoked' })
    const issued =
      requested.serial !== null && requested.der !== null
        ? null
        : await ca.issue({
            profile: wanted.certificateProfile as CertificateProfileName,
            csr: requested.csr ?? asked.csr,
            subject: subjectOf(record),
            ...(record.holder.email === null ? {} : { san: { email: [record.holder.email] } }),
            ...(card?.expires_at == null ? {} : { notAfter: new Date(card.expires_at) }),
            idempotencyKey: requestKey,
          })
    const stored = await this.#keep(call, enrolment, asked, requested, issued).catch(async (error: unknown) => {
      // Two wrote at once: nothing was kept, and a repeat finds the certificate by its key.
      const isRace = error instanceof AppError && error.detail['reason'] === 'version'
      if (error instanceof AppError && !isRace && LEFT_BEHIND.includes(error.code))
        await this.#withdraw(call, asked, requested)
      throw error
    })
    const chain = await ca.chain()
    return {
      certificate: certificateView(stored, call.at),
      der: Buffer.from(stored.der ?? []).toString('base64'),
      chain: chain.map((one) => Buffer.from(one).toString('base64')),
    }
  }

  /** Step 3: the certificate becomes the slot's, if the enrolment still waits for it on this card. */
  async #keep(
    call: Call,
    enrolment: EnrolmentRowStored,
    { slot, cardSerial }: Asked,
    requested: CertificateRowStored,
    issued: IssuedCertificate | null,
  ): Promise<CertificateRowStored> {
    const { db, ca, changes } = this.#deps
    const others = (await listCertificates(db, enrolment.tenant, { enrolment: enrolment.id })).filter(
      (one) => one.slot === slot && one.id !== requested.id && (one.state === 'issued' || one.state === 'requested'),
    )
    const othersIssued = await this.#resolve(others)
    const stored = await changes.run(call, async (trx, tell) => {
      const row = await getEnrolment(trx, call, enrolment.id)
      nextState(row.state, 'step')
      if (row.card_serial !== cardSerial) throw new AppError('CARD_MISMATCH')
      const current = (await findCertificateByRequest(trx, requested.request_key)) ?? requested
      // Another key of this slot came first and put this one out.
      if (current.state === 'revoked') throw new AppError('REQUEST_CONFLICT', { reason: 'revoked' })
      for (const other of othersIssued) await this.#supersede(trx, tell, other, call.at)
      const after =
        issued === null || current.state !== 'requested'
          ? current
          : await changeCertificate(trx, tell, current, { ...valuesOf(issued), state: 'issued' }, call.at)
      const times = { startedAt: current.created_at, doneAt: call.at }
      const steps = completeStep(stepsOf(row.steps), `certificate:${slot}`, times)
      await changeEnrolment(trx, tell, row, { steps: JSON.stringify(steps) }, call)
      return after
    })
    for (const other of othersIssued) if (other.serial !== null) await ca.revoke(other.serial, 'superseded')
    return stored
  }

  /** Issued for nobody any more: revoked in the books and at the CA. One that was only interrupted goes on with it later. */
  async #withdraw(call: Call, { cardSerial }: Asked, requested: CertificateRowStored): Promise<void> {
    await this.#deps.changes.run(call, async (trx, tell) => {
      const row = await getEnrolment(trx, call, requested.enrolment_id ?? '')
      if (row.card_serial === cardSerial && (row.state === 'personalising' || row.state === 'interrupted')) return
      const current = await findCertificateByRequest(trx, requested.request_key)
      if (current?.state !== 'requested') return
      const ended = { state: 'revoked' as const, revoked_at: call.at, revocation_reason: 'cessationOfOperation' }
      await changeCertificate(trx, tell, current, ended, call.at, 'the enrolment went on without it')
    })
    await this.reconcile()
  }

  /**
   * Repeated with the same outcome, it changes nothing but tells the CA again, which may not have been reached before.
   * Throws CERTIFICATE_NOT_FOUND, ACCESS_DENIED (`operator-certificate`), CA_UNAVAILABLE, HSM_UNAVAILABLE.
   */
  async revoke(call: Call, serial: string, reason: RevocationReason, note: string): Promise<CertificateView> {
    const isHold = reason === 'certificateHold'
    let operator: string | null = null
    const after = await this.#deps.changes.run(call, async (trx, tell) => {
      const before = await findCertificate(trx, scopeOf(call), serial)
      if (!before || before.state === 'requested') throw new AppError('CERTIFICATE_NOT_FOUND')
      await assertMayRevoke(trx, call, { tenant: before.tenant, serial })
      operator = await revokeOperatorCertificate(trx, tell, { tenant: before.tenant, serial }, call.at, note)
      // Judged where it is written: of two at once the second must not turn a revocation into a hold.
      if (before.state === 'revoked' || (isHold && before.state === 'suspended')) return before
      const values = {
        state: isHold ? ('suspended' as const) : ('revoked' as const),
        revoked_at: call.at,
        revocation_reason: reason,
      }
      return changeCertificate(trx, tell, before, values, call.at, note)
    })
    // Sessions first: they end whatever the CA says. Dead before the CA was told, `reconcile` tells it.
    if (operator !== null) await this.#endSessions(operator)
    await this.#revokeAtCa(serial, (after.revocation_reason ?? reason) as RevocationReason)
    return certificateView(after, call.at)
  }

  /**
   * Tells the CA of every revocation that was recorded and did not reach it: the process died in between, or the key
   * store was away. Run at start, and again and again.
   */
  async reconcile(): Promise<void> {
    const rows = await this.#deps.db
      .selectFrom('certificate')
      // By the request: one revoked in the books before the CA had issued it has no serial there.
      .innerJoin('ca_certificate', 'ca_certificate.request_key', 'certificate.request_key')
      .select(['ca_certificate.serial', 'certificate.revocation_reason'])
      .where('ca_certificate.der', 'is not', null)
      .where((eb) =>
        eb.or([
          eb.and([eb('certificate.state', '=', 'revoked'), eb('ca_certificate.status', '!=', 'revoked')]),
          eb.and([eb('certificate.state', '=', 'suspended'), eb('ca_certificate.status', '=', 'issued')]),
        ]),
      )
      .execute()
    for (const { serial, revocation_reason: reason } of rows)
      await this.#revokeAtCa(serial, (reason ?? 'unspecified') as RevocationReason)
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
    record: RegistrationRecord,
    wanted: Wanted,
    requestKey: string,
    csr: Uint8Array,
  ): Promise<CertificateRowStored> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const known = await findCertificateByRequest(trx, requestKey)
      if (known) return known
      const row: CertificateRowStored = {
        id: newId('certificate'),
        tenant: enrolment.tenant,
        ...placeOf(enrolment),
        version: 1,
        serial: null,
        issuer: 'internal',
        card_id: enrolment.card_id,
        enrolment_id: enrolment.id,
        holder_id: enrolment.holder_id,
        profile: wanted.certificateProfile,
        slot: wanted.slot,
        subject: subjectOf(record).commonName,
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
