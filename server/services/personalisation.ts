import { randomBytes } from 'node:crypto'
import {
  AppError,
  type EnrolmentView,
  type ErrorCode,
  type HttpAnswer,
  type HttpRequest,
} from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import { findCardAnywhere, insertCard, listCertificates, type CardRowStored } from '../db/repositories/cards.ts'
import type { EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import { changeCard, codeOwner } from './card-change.ts'
import { changeCertificate, type Certificates } from './certificates.ts'
import type { Tell } from './change.ts'
import { dayOf, placeOf, type ServiceDeps } from './deps.ts'
import { changeEnrolment } from './enrolment-change.ts'
import { clearFailures, completeStep, failStep, nextState, planSteps } from './enrolment-state.ts'
import { enrolmentView, getEnrolment, holderOf, issuingName } from './enrolment-view.ts'
import { cardSnapshot, stepsOf } from './views.ts'
import { assertWorkerVouched } from './worker-vouched.ts'

const DAY_MS = 86_400_000

/** May this enrolment make this card. Throws CARD_NOT_BLANK, detail `state`. */
const assertFree = (card: CardRowStored | null, enrolmentId: string): void => {
  if (!card || card.state === 'blank') return
  if (card.state === 'personalising' && card.enrolment_id === enrolmentId) return
  throw new AppError('CARD_NOT_BLANK', { state: card.state })
}

/** The card's part of an enrolment, as the desk's worker does it step by step; each call may be repeated. */
export class Personalisation {
  readonly #deps: ServiceDeps
  readonly #certificates: Certificates

  constructor(deps: ServiceDeps, certificates: Certificates) {
    this.#deps = deps
    this.#certificates = certificates
  }

  /**
   * Claims the card and gives its codes, sealed to the worker; called again, goes on with the same card and the same codes.
   * Claim, codes, disclosures and state commit together; the codes leave only after their entries are in the chain.
   * Throws CARD_NOT_BLANK, CARD_MISMATCH, ENROLMENT_STATE, HSM_UNAVAILABLE, and as `assertWorkerVouched` does.
   */
  async start(
    call: Call,
    id: string,
    asked: HttpRequest<'startPersonalisation'>['body'],
  ): Promise<HttpAnswer<'startPersonalisation'>> {
    const { db, changes, vault, profiles } = this.#deps
    const { cardSerial } = asked
    await assertWorkerVouched(this.#deps, call, asked, { purpose: 'personalisation', subject: id, cardSerial })
    const found = await getEnrolment(db, call, id)
    this.#assertStart(found, asked.cardSerial)
    const known = await findCardAnywhere(db, found.tenant, asked.cardSerial)
    assertFree(known, id)
    const profile = profiles.get(found.card_profile)
    const cardId = known?.id ?? newId('card')
    const name = issuingName(await holderOf(db, found), found.card_profile)
    const owner = { tenant: found.tenant, cardId, cardSerial: asked.cardSerial, name, ...placeOf(found) }
    const hasCodes =
      known !== null && known.state === 'personalising' && (await vault.hasCodes(db, found.tenant, cardId))
    const fresh = hasCodes ? null : await vault.makeCodes(owner)
    const { card, disclosure, view } = await changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      this.#assertStart(before, asked.cardSerial)
      const current = await findCardAnywhere(trx, before.tenant, asked.cardSerial)
      assertFree(current, id)
      if ((current?.id ?? cardId) !== cardId) throw new AppError('REQUEST_CONFLICT', { reason: 'card' })
      const expires = { card_profile: profile.id, expires_at: call.at + profile.validityDays * DAY_MS }
      const claimed = await this.#claim(trx, tell, call, before, current, { ...asked, cardId, ...expires })
      if (fresh && !(await vault.hasCodes(trx, before.tenant, cardId)))
        await vault.keepCodes(trx, tell, owner, fresh, call.at)
      const disclosure = await vault.disclose(trx, tell, {
        owner,
        kinds: ['pin', 'puk', 'management-key'],
        use: 'card-secrets',
        to: asked.workerKey,
        reason: `personalising, enrolment ${id}`,
      })
      const steps = before.steps === '[]' ? planSteps(profile) : clearFailures(stepsOf(before.steps))
      const values = {
        state: nextState(before.state, 'start'),
        card_id: cardId,
        card_serial: asked.cardSerial,
        interrupted_reason: null,
        interrupted_at: null,
        steps: JSON.stringify(
          steps.some((step) => step.id === 'claim' && step.state === 'done')
            ? steps
            : completeStep(steps, 'claim', { startedAt: call.at, doneAt: call.at }),
        ),
      }
      const after = await changeEnrolment(trx, tell, before, values, call)
      return { card: claimed, disclosure, view: await enrolmentView(this.#deps, trx, after, call.at) }
    })
    return {
      enrolment: view,
      secrets: await disclosure.seal(),
      guid: card.chuid ?? '',
      expiresOn: dayOf(card.expires_at ?? call.at),
    }
  }

  /** Throws CARD_MISMATCH, ENROLMENT_STATE (`step-early`, `step-unknown`, `certificate-missing`). */
  completeStep(
    call: Call,
    id: string,
    step: string,
    done: { readonly cardSerial: string; readonly startedAt: number; readonly ms: number },
  ): Promise<EnrolmentView> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      if (before.card_serial !== done.cardSerial) throw new AppError('CARD_MISMATCH')
      const steps = stepsOf(before.steps)
      // The last step told again after its answer was lost: the card is issued already.
      if (
        before.state === 'issued' &&
        steps.every((one) => one.state === 'done') &&
        steps.some((one) => one.id === step)
      )
        return enrolmentView(this.#deps, trx, before, call.at)
      const state = nextState(before.state, step === 'finish' ? 'finish' : 'step')
      if (step.startsWith('certificate:') && steps.find((one) => one.id === step)?.state !== 'done')
        throw new AppError('ENROLMENT_STATE', { reason: 'certificate-missing', step })
      const startedAt = Math.min(done.startedAt, call.at)
      const after = completeStep(steps, step, { startedAt, doneAt: Math.min(startedAt + Math.round(done.ms), call.at) })
      if (step === 'finish') await this.#activate(trx, tell, call, before)
      const changed = await changeEnrolment(trx, tell, before, { state, steps: JSON.stringify(after) }, call)
      return enrolmentView(this.#deps, trx, changed, call.at)
    })
  }

  /** Says why it stopped, so that anyone can go on or roll back. Throws ENROLMENT_STATE. */
  interrupt(
    call: Call,
    id: string,
    why: { readonly code: ErrorCode; readonly step: string | null },
  ): Promise<EnrolmentView> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      const values = {
        state: nextState(before.state, 'interrupt'),
        interrupted_reason: why.code,
        interrupted_at: call.at,
        steps: JSON.stringify(failStep(stepsOf(before.steps), why.step, why.code)),
      }
      const after = await changeEnrolment(trx, tell, before, values, call, why.code)
      return enrolmentView(this.#deps, trx, after, call.at)
    })
  }

  /**
   * Revokes what was issued, destroys the codes, and frees the enrolment for another card; the card is blank again when
   * it was wiped, else terminated. Repeated, it changes nothing. Throws ENROLMENT_STATE.
   */
  async rollBack(
    call: Call,
    id: string,
    asked: { readonly cardWiped: boolean; readonly reason: string },
  ): Promise<EnrolmentView> {
    const { db, changes, vault } = this.#deps
    const found = await getEnrolment(db, call, id)
    if (found.state === 'approved' && found.card_serial === null) return enrolmentView(this.#deps, db, found, call.at)
    nextState(found.state, 'roll-back')
    const certificates = await this.#certificates.ofEnrolment(found)
    const view = await changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      const state = nextState(before.state, 'roll-back')
      // As they are now, which another desk may have added to; what the CA had issued is known from before.
      for (const current of await listCertificates(trx, before.tenant, { enrolment: id })) {
        if (current.state === 'revoked' || current.state === 'expired') continue
        const atCa = certificates.find((row) => row.id === current.id) ?? current
        const { serial, der, subject, not_before, not_after } = current.serial === null ? atCa : current
        const ended = { state: 'revoked' as const, revoked_at: call.at, revocation_reason: 'cessationOfOperation' }
        const values = { serial, der, subject, not_before, not_after, ...ended }
        await changeCertificate(trx, tell, current, values, call.at, asked.reason)
      }
      const card = before.card_serial === null ? null : await findCardAnywhere(trx, before.tenant, before.card_serial)
      if (card) {
        const owner = await codeOwner(trx, card)
        await vault.destroy(trx, tell, owner, ['pin', 'puk', 'management-key'], asked.reason, call.at)
        const blank = { holder_id: null, enrolment_id: null, card_profile: null, expires_at: null, chuid: null }
        const values = asked.cardWiped
          ? { state: 'blank' as const, reason: null, ...blank }
          : { state: 'terminated' as const, reason: 'damaged' }
        await changeCard(trx, tell, card, values, call, asked.reason)
      }
      const values = {
        state,
        card_id: null,
        card_serial: null,
        steps: '[]',
        interrupted_reason: null,
        interrupted_at: null,
      }
      return enrolmentView(
        this.#deps,
        trx,
        await changeEnrolment(trx, tell, before, values, call, asked.reason),
        call.at,
      )
    })
    await this.#certificates.reconcile()
    return view
  }

  /** The transport PIN, so that the holder's own takes its place. Throws ENROLMENT_STATE, CARD_MISMATCH. */
  async startHandOver(
    call: Call,
    id: string,
    asked: HttpRequest<'startHandOver'>['body'],
  ): Promise<{ secrets: string }> {
    const { cardSerial } = asked
    await assertWorkerVouched(this.#deps, call, asked, { purpose: 'hand-over', subject: id, cardSerial })
    const disclosure = await this.#deps.changes.run(call, async (trx, tell) => {
      const row = await getEnrolment(trx, call, id)
      nextState(row.state, 'hand-over')
      const card = await this.#ownCard(trx, row, asked.cardSerial)
      return this.#deps.vault.disclose(trx, tell, {
        owner: await codeOwner(trx, card),
        kinds: ['pin'],
        use: 'card-secrets',
        to: asked.workerKey,
        reason: `hand-over, enrolment ${id}`,
      })
    })
    return { secrets: await disclosure.seal() }
  }

  /** The transport PIN is destroyed: the holder's own is known to nobody here. Repeated, it changes nothing. */
  handOver(call: Call, id: string, cardSerial: string): Promise<EnrolmentView> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      const card = await this.#ownCard(trx, before, cardSerial)
      if (before.state === 'handed-over') return enrolmentView(this.#deps, trx, before, call.at)
      const state = nextState(before.state, 'hand-over')
      const owner = await codeOwner(trx, card)
      await this.#deps.vault.deliver(trx, tell, owner, 'pin', call.at)
      await this.#deps.vault.destroy(trx, tell, owner, ['pin'], 'replaced by the holder', call.at)
      const after = await changeEnrolment(trx, tell, before, { state, handed_over_at: call.at }, call)
      return enrolmentView(this.#deps, trx, after, call.at)
    })
  }

  #assertStart(row: EnrolmentRowStored, cardSerial: string): void {
    nextState(row.state, 'start')
    if (row.card_serial !== null && row.card_serial !== cardSerial)
      throw new AppError('CARD_MISMATCH', { expected: row.card_serial })
  }

  async #ownCard(trx: OperationalTransaction, row: EnrolmentRowStored, serial: string): Promise<CardRowStored> {
    if (row.card_serial !== serial) throw new AppError('CARD_MISMATCH')
    const card = await findCardAnywhere(trx, row.tenant, serial)
    if (!card) throw new AppError('CARD_NOT_FOUND')
    return card
  }

  async #activate(trx: OperationalTransaction, tell: Tell, call: Call, row: EnrolmentRowStored): Promise<void> {
    const issued = await listCertificates(trx, row.tenant, { enrolment: row.id })
    const slots = this.#deps.profiles.get(row.card_profile).keys.map((key) => key.slot)
    const missing = slots.find((slot) => !issued.some((one) => one.slot === slot && one.state === 'issued'))
    if (missing) throw new AppError('ENROLMENT_STATE', { reason: 'certificate-missing', slot: missing })
    const card = await this.#ownCard(trx, row, row.card_serial ?? '')
    await changeCard(trx, tell, card, { state: 'active' }, call)
  }

  async #claim(
    trx: OperationalTransaction,
    tell: Tell,
    call: Call,
    enrolment: EnrolmentRowStored,
    current: CardRowStored | null,
    asked: { cardSerial: string; atr: string; cardId: string; card_profile: string; expires_at: number },
  ): Promise<CardRowStored> {
    if (current?.state === 'personalising') return current
    const values = {
      ...placeOf(enrolment),
      atr: asked.atr,
      chuid: randomBytes(16).toString('hex'),
      state: 'personalising' as const,
      reason: null,
      holder_id: enrolment.holder_id,
      card_profile: asked.card_profile,
      enrolment_id: enrolment.id,
      expires_at: asked.expires_at,
    }
    if (current) return changeCard(trx, tell, current, values, call)
    const row: CardRowStored = {
      id: asked.cardId,
      tenant: enrolment.tenant,
      serial: asked.cardSerial,
      ...values,
      version: 1,
      created_at: call.at,
      updated_at: call.at,
    }
    const { version: _version, ...inserted } = row
    await insertCard(trx, inserted)
    const object = { type: 'card', id: row.serial } as const
    await tell({ action: 'Insertion', object, after: cardSnapshot(row), place: placeOf(row) })
    return row
  }
}
