import { randomUUID } from 'node:crypto'
import { DEMO_OPERATORS } from '../../../main/launch/demo-operators.ts'
import { HOLDER_READER, OFFICER_READER } from '../../../main/launch/main-job.ts'
import { AppError, type EnrolmentView, type ErrorCode, type HolderFields } from '../../../shared/contract/index.ts'
import { makeMrz, makeProofing } from '../../fakes/server/enrol.ts'
import { DeskGone } from './desk-process.ts'
import type { Stage } from './stage.ts'

export const HOLDER_PIN = '739154'
const pinOf = (key: string) => DEMO_OPERATORS.find((operator) => operator.key === key)!.pin

/** What a killed program or a lost line shows at the desk; anything else is a finding. */
const LINE_LOST: readonly ErrorCode[] = ['NETWORK_OFFLINE', 'SESSION_EXPIRED', 'SESSION_LOCKED', 'SESSION_REQUIRED']

/**
 * An officer who goes on after every interruption as the screen tells: looks at where the enrolment stands and does what
 * is next. Keys of what was begun are kept, as the screen's draft keeps them.
 */
export class Clerk {
  readonly holderKey = randomUUID()
  readonly enrolmentKey = randomUUID()
  readonly holder: HolderFields
  /** What stopped the work, in order. */
  readonly interruptions: string[] = []
  enrolmentId: string | null = null
  profile = 'staff-p256'
  readonly #stage: Stage
  readonly #expected: ReadonlySet<string>

  constructor(stage: Stage, person: { givenNames: string; familyName: string }, expected: readonly ErrorCode[] = []) {
    this.#stage = stage
    this.#expected = new Set([...LINE_LOST, ...expected])
    this.holder = { ...person, birthDate: '1985-04-12', nationality: 'ITA', personalNumber: null, email: null }
  }

  /** Works until `state` is reached; `between` is what hands do after an interruption, before going on. */
  async workUntil(state: 'approved' | 'issued' | 'handed-over', between?: (code: string) => Promise<void> | void) {
    for (let turn = 0; turn < 200; turn++) {
      try {
        await this.#stage.ready()
        return await this.#work(state)
      } catch (error) {
        const code = error instanceof AppError ? error.code : error instanceof DeskGone ? 'DeskGone' : null
        if (code === null || (code !== 'DeskGone' && !this.#expected.has(code))) throw error
        this.interruptions.push(code)
        await between?.(code)
      }
    }
    throw new Error(`still not ${state} after 200 interruptions: ${this.interruptions.slice(-5).join(', ')}`)
  }

  async signIn(operator = 'officer'): Promise<void> {
    const { user } = this.#stage
    if ((await user.call('session.state', {})).status === 'signed-in') return
    await user.until(async () => {
      const reader = (await user.call('readers.list', {})).find(({ name }) => name === OFFICER_READER)
      return reader?.state === 'ready'
    }, 'the operator’s card to be read')
    await user.signIn(OFFICER_READER, pinOf(operator))
  }

  /** The holder forgot the PIN and types it wrong until it is blocked; help desk gives the card a new one. */
  async unblock(serial: string, newPin: string): Promise<void> {
    const { user } = this.#stage
    for (const _try of [1, 2, 3]) {
      const pin = await user.seal('pin', { pin: '000000' })
      await user.call('cards.checkPin', { reader: HOLDER_READER, pin }).catch(() => undefined)
    }
    await user.call('session.signOut', {})
    await user.insert(OFFICER_READER, 'helpdesk')
    await this.signIn('helpdesk')
    await user.call('cards.unblock', {
      reader: HOLDER_READER,
      serial,
      checks: ['document-seen', 'card-in-hand'],
      reason: 'The holder forgot the PIN.',
      newPin: await user.seal('new-pin', { newPin }),
    })
    await user.call('session.signOut', {})
  }

  async #work(goal: string): Promise<EnrolmentView> {
    const { user } = this.#stage
    await this.signIn()
    if (this.enrolmentId === null) {
      const holder = await user.call('holders.create', { key: this.holderKey, fields: this.holder })
      const begun = await user.call('enrolments.create', { holder: holder.id, key: this.enrolmentKey })
      this.enrolmentId = begun.id
    }
    for (;;) {
      const view = await user.call('enrolments.get', { id: this.enrolmentId })
      if (view.state === goal) return view
      await this.#next(view)
    }
  }

  async #next(view: EnrolmentView): Promise<unknown> {
    const { user } = this.#stage
    const { id, etag } = view
    switch (view.state) {
      case 'draft': {
        const mrz = makeMrz('YA1234567', '2031-03-01', this.holder)
        return user.call('enrolments.prove', { id, etag, proofing: makeProofing({ mrz }) })
      }
      case 'proofed': {
        if (view.profile === null) return user.call('enrolments.chooseProfile', { id, etag, profile: this.profile })
        const record = await user.call('enrolments.record', { id })
        const pin = await user.seal('pin', { pin: pinOf('officer') })
        return user.call('enrolments.sign', { id, etag, record, pin })
      }
      case 'approved':
      case 'personalising':
      case 'interrupted':
        return user.call('enrolments.personalise', { id, reader: HOLDER_READER })
      case 'issued': {
        // As the screen does: where the holder chose a PIN before an interruption, none is asked for again.
        const { chosen } = await user.call('enrolments.pinChosen', { id, serial: view.cardSerial ?? '' })
        const newPin = chosen === 'yes' ? null : await user.seal('new-pin', { newPin: HOLDER_PIN })
        return user.call('enrolments.handOver', { id, reader: HOLDER_READER, newPin })
      }
      default:
        throw new Error(`nothing to do for an enrolment that is ${view.state}`)
    }
  }
}
