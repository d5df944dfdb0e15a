import { canonicalBytes } from '../../shared/audit/jcs.ts'
import {
  AppError,
  type DeskOutput,
  type DeskRequest,
  type EnrolmentView,
  type RegistrationRecord,
} from '../../shared/contract/index.ts'
import { signWithOperatorCard } from './operator-key.ts'
import type { CardPort, DeskStore, Remote } from './ports.ts'
import type { SessionService } from './session.ts'
import { sha256Hex } from './slot-key.ts'

/** Records kept for signing; more than an officer has open at once. */
const RECORDS_KEPT = 20

/** Enrolment up to the signed registration record. What follows on the card is in `personalise.ts` and `hand-over.ts`. */
export class EnrolmentService {
  readonly #remote: Remote
  readonly #cards: CardPort
  readonly #session: SessionService
  readonly #store: DeskStore
  /** The canonical bytes the server gave for each enrolment shown: nothing else is ever signed. */
  readonly #records = new Map<string, Uint8Array>()
  constructor(parts: { remote: Remote; cards: CardPort; session: SessionService; store: DeskStore }) {
    this.#remote = parts.remote
    this.#cards = parts.cards
    this.#session = parts.session
    this.#store = parts.store
  }

  list({ open, ...query }: DeskRequest<'enrolments.list'>): Promise<DeskOutput<'enrolments.list'>> {
    return this.#remote.call('listEnrolments', {
      query: { ...query, ...(open !== undefined && { open: open ? 'true' : 'false' }) },
    })
  }
  get({ id }: DeskRequest<'enrolments.get'>): Promise<EnrolmentView> {
    return this.#remote.call('readEnrolment', { params: { id } })
  }
  create({ holder, key }: DeskRequest<'enrolments.create'>): Promise<EnrolmentView> {
    return this.#remote.call('createEnrolment', { body: { holder } }, { idempotencyKey: key })
  }
  prove({ id, etag, proofing }: DeskRequest<'enrolments.prove'>): Promise<EnrolmentView> {
    return this.#remote.call('setProofing', { params: { id }, body: proofing }, { ifMatch: etag })
  }
  chooseProfile({ id, etag, profile }: DeskRequest<'enrolments.chooseProfile'>): Promise<EnrolmentView> {
    return this.#remote.call('setProfile', { params: { id }, body: { profile } }, { ifMatch: etag })
  }
  cancel({ id, reason }: DeskRequest<'enrolments.cancel'>): Promise<EnrolmentView> {
    return this.#remote.call('cancelEnrolment', { params: { id }, body: { reason } })
  }
  async profiles(): Promise<DeskOutput<'profiles.list'>> {
    return (await this.#remote.call('listProfiles', {})).items
  }

  async record({ id }: DeskRequest<'enrolments.record'>): Promise<RegistrationRecord> {
    const { record, canonical } = await this.#remote.call('readRecord', { params: { id } })
    const bytes = new Uint8Array(Buffer.from(canonical, 'base64'))
    // What is shown and what is signed are one thing only if the bytes are those of the record shown.
    if (record.enrolment !== id || Buffer.compare(canonicalBytes(record), bytes) !== 0)
      throw new AppError('CONTRACT_MISMATCH', { reason: 'record' })
    this.#records.delete(id)
    this.#records.set(id, bytes)
    for (const old of [...this.#records.keys()].slice(0, -RECORDS_KEPT)) this.#records.delete(old)
    return record
  }

  /**
   * Signs the record with the operator's 9C key and sends it. The screen gives back the record it showed; one that
   * differs from what the server gave is refused (RECORD_INVALID): a deceived screen gets nothing else signed.
   */
  async sign({ id, etag, pin, record }: DeskRequest<'enrolments.sign'>): Promise<EnrolmentView> {
    const content = this.#records.get(id)
    if (content === undefined) throw new AppError('RECORD_INVALID', { reason: 'not-shown' })
    if (Buffer.compare(canonicalBytes(record), content) !== 0)
      throw new AppError('RECORD_INVALID', { reason: 'altered' })
    const cms = await signWithOperatorCard(this.#cards, this.#session.operatorCard(), {
      slot: '9C',
      pin,
      content,
      detached: false,
      time: new Date(this.#remote.nowMs()),
    })
    const body = { cms: Buffer.from(cms).toString('base64') }
    const signed = await this.#remote.call('setRecord', { params: { id }, body }, { ifMatch: etag })
    this.#store.writeRecordDigest(id, sha256Hex(content))
    this.#records.delete(id)
    return signed
  }
}
