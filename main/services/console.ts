import { type ConsoleRequestView, type DeskRequest } from '../../shared/contract/index.ts'
import { signWithOperatorCard } from './operator-key.ts'
import type { CardPort, Remote } from './ports.ts'
import type { SessionService } from './session.ts'

/** Lets an operator sign a console in from here, with their card (in the manner of RFC 8628). */
export class ConsoleService {
  readonly #parts: { cards: CardPort; remote: Remote; session: SessionService }
  constructor(parts: { cards: CardPort; remote: Remote; session: SessionService }) {
    this.#parts = parts
  }

  find({ code }: DeskRequest<'console.find'>): Promise<ConsoleRequestView> {
    return this.#parts.remote.call('findConsoleRequest', { params: { code } })
  }

  /**
   * Signs (9A) a statement that names the console's own key: the session can be used by that browser only. The request is
   * read again here, so that what was approved is what the code stands for now.
   */
  async approve({ code, pin }: DeskRequest<'console.approve'>): Promise<{ done: true }> {
    const { cards, remote, session } = this.#parts
    const request = await this.find({ code })
    const statement = session.statement({
      type: 'countersign/console-sign-in/v1',
      challenge: request.id,
      nonce: request.nonce,
      sessionKey: request.sessionKey,
      console: { request: request.id, code },
    })
    const cms = await signWithOperatorCard(cards, session.operatorCard(), {
      slot: '9A',
      pin,
      content: statement,
      detached: true,
      time: new Date(remote.nowMs()),
    })
    const body = { statement: Buffer.from(statement).toString('base64'), cms: Buffer.from(cms).toString('base64') }
    return remote.call('approveConsole', { params: { code }, body })
  }
}
