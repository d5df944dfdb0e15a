import { AppError, type EnrolmentView } from '../../shared/contract/index.ts'
import { readWorkableCard } from './card-in-reader.ts'
import { PersonaliseRun, type PersonaliseParts } from './personalise-run.ts'
import type { DeskEvents } from './ports.ts'

/** Personalising and rolling back: at most one run per enrolment and per reader. */
export class PersonaliseService {
  readonly #parts: PersonaliseParts
  readonly #events: DeskEvents
  readonly #runs = new Map<string, { reader: string; result: Promise<EnrolmentView> }>()
  constructor(parts: PersonaliseParts & { events: DeskEvents }) {
    this.#parts = parts
    this.#events = parts.events
  }

  /**
   * Does every step that is not done, on the card in `reader`; also resumes. A second call for the same enrolment and
   * reader joins the run. Throws what stopped it, with `step` in the detail; all that was done stays done.
   */
  personalise({ id, reader }: { id: string; reader: string }): Promise<EnrolmentView> {
    const running = this.#runs.get(id)
    if (running?.reader === reader) return running.result
    if (running) return Promise.reject(new AppError('ENROLMENT_STATE', { reason: 'running', reader: running.reader }))
    this.#refuseBusy(reader)
    const result = this.#run(id, reader).finally(() => this.#runs.delete(id))
    this.#runs.set(id, { reader, result })
    return result
  }

  /**
   * Wipes the card where it is in `reader`, then tells the server, which revokes what was issued and frees the
   * enrolment. In this order: a desk that dies between them leaves a blank card and an enrolment that says interrupted;
   * rolling back again wipes again, which is harmless. A card that is not there is told so, and stays claimed.
   */
  async rollBack({
    id,
    reader,
    reason,
  }: {
    id: string
    reader: string | null
    reason: string
  }): Promise<EnrolmentView> {
    if (this.#runs.has(id)) throw new AppError('ENROLMENT_STATE', { reason: 'running' })
    const cardWiped = reader !== null && (await this.#wipe(id, reader))
    const body = { cardWiped, reason }
    const enrolment = await this.#parts.remote.call('rollBack', { params: { id }, body })
    this.#parts.store.forgetEnrolment(id)
    return enrolment
  }

  async #run(id: string, reader: string): Promise<EnrolmentView> {
    const enrolment = await this.#parts.remote.call('readEnrolment', { params: { id } })
    // The last step was recorded and its answer lost: there is nothing left to do.
    if (enrolment.state === 'issued' || enrolment.state === 'handed-over') {
      if (enrolment.state === 'issued') this.#parts.store.forgetKeys(id)
      return enrolment
    }
    return new PersonaliseRun(this.#parts, enrolment, reader, (progress) =>
      this.#events.emit('enrolment.progress', progress),
    ).run()
  }

  async #wipe(id: string, reader: string): Promise<boolean> {
    this.#refuseBusy(reader)
    const { remote, cards, workerKeys } = this.#parts
    const { cardSerial } = await remote.call('readEnrolment', { params: { id } })
    if (cardSerial === null) return false
    const { atr, serial } = await readWorkableCard(cards, reader, cardSerial)
    const to = await workerKeys.for({ purpose: 'personalisation', subject: id, cardSerial })
    const body = { cardSerial, atr, ...to }
    const { secrets } = await remote.call('startPersonalisation', { params: { id }, body })
    await cards.wipe({ reader, serial, secrets })
    return true
  }
  #refuseBusy(reader: string): void {
    if ([...this.#runs.values()].some((run) => run.reader === reader))
      throw new AppError('CARD_BUSY', { reason: 'personalising', reader })
  }
}
