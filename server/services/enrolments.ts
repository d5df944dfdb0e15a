import {
  AppError,
  type EnrolmentRow,
  type EnrolmentState,
  type EnrolmentView,
  type Page,
  type ProofingFields,
} from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import {
  insertEnrolment,
  insertProofing,
  listEnrolments,
  type EnrolmentRowStored,
} from '../db/repositories/enrolments.ts'
import { findHolder, holderSearchText, setHolderDocument } from '../db/repositories/holders.ts'
import type { Call } from './call.ts'
import { changeEnrolment } from './enrolment-change.ts'
import { assertVersion, dayOf, placeOf, scopeOf, type ServiceDeps } from './deps.ts'
import { isOpen, nextState, OPEN_STATES } from './enrolment-state.ts'
import {
  enrolmentRow,
  enrolmentSnapshot,
  enrolmentView,
  getEnrolment,
  holderOf,
  issuingName,
} from './enrolment-view.ts'
import { checkProofing } from './proofing-check.ts'
import { buildRecord, canonicalRecord, parseRecord, signedRecord } from './record.ts'
import { holderFieldsOf } from './views.ts'

interface ListFilter {
  cursor?: string | undefined
  limit: number
  state?: EnrolmentState | undefined
  open?: 'true' | 'false' | undefined
  holder?: string | undefined
}

const CLOSED: readonly EnrolmentState[] = ['handed-over', 'cancelled', 'rejected']
const statesOf = ({ state, open }: ListFilter): readonly EnrolmentState[] | undefined => {
  if (state !== undefined) return open === undefined || isOpen(state) === (open === 'true') ? [state] : []
  if (open === undefined) return undefined
  return open === 'true' ? OPEN_STATES : CLOSED
}

/** An enrolment up to the officer's signature; the card's part is in `personalisation.ts`. */
export class Enrolments {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  async list(call: Call, filter: ListFilter): Promise<Page<EnrolmentRow>> {
    const { cursor, limit, holder } = filter
    const found = await listEnrolments(this.#deps.db, scopeOf(call), {
      cursor,
      limit,
      holder,
      states: statesOf(filter),
    })
    return { items: found.items.map((row) => enrolmentRow(this.#deps, row)), next: found.next }
  }

  async read(call: Call, id: string): Promise<EnrolmentView> {
    const { db } = this.#deps
    return enrolmentView(this.#deps, db, await getEnrolment(db, call, id), call.at)
  }

  create(call: Call, holderId: string): Promise<EnrolmentView> {
    return this.#deps.changes.create(call, async (trx, tell) => {
      const holder = await findHolder(trx, scopeOf(call), holderId)
      if (!holder) throw new AppError('HOLDER_NOT_FOUND')
      const row: Omit<EnrolmentRowStored, 'version'> = {
        id: newId('enrolment'),
        tenant: holder.tenant,
        ...placeOf(holder),
        holder_id: holder.id,
        state: 'draft',
        card_profile: '',
        officer: call.actor.operator.id,
        card_id: null,
        card_serial: null,
        record: null,
        record_cms: null,
        recorded_at: null,
        steps: '[]',
        interrupted_reason: null,
        interrupted_at: null,
        approved_by: null,
        approved_at: null,
        handed_over_at: null,
        created_at: call.at,
        updated_at: call.at,
      }
      await insertEnrolment(trx, row)
      const stored = { ...row, version: 1 }
      const object = { type: 'enrolment', id: row.id } as const
      await tell({ action: 'Insertion', object, after: enrolmentSnapshot(stored, holder), place: placeOf(row) })
      return enrolmentView(this.#deps, trx, stored, call.at)
    })
  }

  /** Throws PROOFING_INVALID, ENROLMENT_STATE, REQUEST_PRECONDITION_FAILED. */
  prove(call: Call, id: string, fields: ProofingFields): Promise<EnrolmentView> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      assertVersion(call, before.version)
      const state = nextState(before.state, 'prove')
      const holder = await holderOf(trx, before)
      checkProofing(fields, holderFieldsOf(holder), dayOf(call.at))
      const proofing = {
        id: newId('proofing'),
        tenant: before.tenant,
        ...placeOf(before),
        holder_id: holder.id,
        enrolment_id: id,
        document_type: fields.documentType,
        document_number: fields.documentNumber,
        document_issuer: fields.issuer,
        document_expiry: fields.expiresOn,
        mrz: fields.mrz,
        checklist: JSON.stringify({ faceFeatures: fields.faceFeatures, documentGenuine: fields.documentGenuine }),
        compared_by: call.actor.operator.id,
        compared_at: call.at,
        note: fields.note,
        created_at: call.at,
        updated_at: call.at,
      }
      await insertProofing(trx, proofing)
      const document = { document_type: fields.documentType, document_number: fields.documentNumber }
      await setHolderDocument(trx, holder.id, { ...document, search: holderSearchText({ ...holder, ...document }) })
      await tell({
        action: 'Insertion',
        object: { type: 'proofing', id: proofing.id },
        after: {
          id: proofing.id,
          name: issuingName(holder, fields.documentType),
          enrolmentId: id,
          holderId: holder.id,
          ...fields,
          comparedBy: proofing.compared_by,
        },
        place: placeOf(before),
      })
      return enrolmentView(this.#deps, trx, await changeEnrolment(trx, tell, before, { state }, call), call.at)
    })
  }

  /** Throws CA_PROFILE_UNKNOWN, ENROLMENT_STATE, REQUEST_PRECONDITION_FAILED. */
  chooseProfile(call: Call, id: string, profileId: string): Promise<EnrolmentView> {
    const profile = this.#deps.profiles.get(profileId)
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      assertVersion(call, before.version)
      const state = nextState(before.state, 'choose-profile')
      const after = await changeEnrolment(trx, tell, before, { state, card_profile: profile.id }, call)
      return enrolmentView(this.#deps, trx, after, call.at)
    })
  }

  /** The record as it was signed; before that the record to sign, as of now. Throws ENROLMENT_STATE before proofing and profile are there. */
  async record(call: Call, id: string) {
    const row = await getEnrolment(this.#deps.db, call, id)
    if (row.record !== null) return signedRecord(row.record)
    nextState(row.state, 'sign')
    const record = await buildRecord(this.#deps, this.#deps.db, call, row, call.at)
    return { record, canonical: Buffer.from(canonicalRecord(record)).toString('base64') }
  }

  /**
   * Takes the signed record: what was signed must be, byte for byte, what this server would say at the time it names.
   * Throws RECORD_INVALID (`reason`), CERTIFICATE_*, ENROLMENT_STATE, REQUEST_PRECONDITION_FAILED.
   */
  async sign(call: Call, id: string, cms: Uint8Array): Promise<EnrolmentView> {
    const { db, signers, changes } = this.#deps
    const { record, bytes } = await parseRecord(cms, call.at)
    await signers.assertOperatorSigned({
      cms,
      operatorId: call.actor.operator.id,
      tenant: call.actor.tenant,
      slot: '9C',
      at: call.at,
    })
    // Judged again inside the transaction, in which nothing slow may happen.
    nextState((await getEnrolment(db, call, id)).state, 'sign')
    return changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      assertVersion(call, before.version)
      const state = nextState(before.state, 'sign')
      const expected = canonicalRecord(await buildRecord(this.#deps, trx, call, before, record.time))
      if (!Buffer.from(expected).equals(bytes)) throw new AppError('RECORD_INVALID', { reason: 'differs' })
      const values = {
        state,
        record: Buffer.from(bytes).toString('utf8'),
        record_cms: cms,
        recorded_at: call.at,
        approved_by: call.actor.operator.id,
        approved_at: call.at,
      }
      return enrolmentView(this.#deps, trx, await changeEnrolment(trx, tell, before, values, call), call.at)
    })
  }

  /** Repeated, it changes nothing. Throws ENROLMENT_STATE once a card is being made. */
  cancel(call: Call, id: string, reason: string): Promise<EnrolmentView> {
    return this.#deps.changes.run(call, async (trx, tell) => {
      const before = await getEnrolment(trx, call, id)
      if (before.state === 'cancelled') return enrolmentView(this.#deps, trx, before, call.at)
      const state = nextState(before.state, 'cancel')
      const after = await changeEnrolment(trx, tell, before, { state }, call, reason)
      return enrolmentView(this.#deps, trx, after, call.at)
    })
  }
}
