import { randomUUID } from 'node:crypto'
import { CompactEncrypt, importJWK } from 'jose'
import {
  DESK_CALLS,
  SEALED_HEADER,
  AppError,
  type DeskCall,
  type DeskInput,
  type DeskOutput,
  type Sealed,
  type SealedContent,
  type SealedUse,
} from '../../shared/contract/index.ts'
import type { Desk } from '../compose.ts'

/**
 * Someone at the desk, without a screen: makes the same calls with the same sealed secrets, through the same
 * dispatcher that parses a screen's arguments.
 */
export class DeskUser {
  readonly #desk: Pick<Desk, 'dispatch'>
  constructor(desk: Pick<Desk, 'dispatch'>) {
    this.#desk = desk
  }

  /** Throws the failure's code as `AppError`, as the screen would show it. */
  async call<C extends DeskCall>(name: C, input: DeskInput<C>): Promise<DeskOutput<C>> {
    const answer = await this.#desk.dispatch(name, input)
    if (!answer.ok) throw new AppError(answer.error.code, answer.error.detail)
    return DESK_CALLS[name].output.parse(answer.value) as DeskOutput<C>
  }

  async seal(use: SealedUse, values: SealedContent['values'], card: string | null = null): Promise<Sealed> {
    const { kty, crv, x, y, kid } = await this.call('app.sealKey', {})
    const content: SealedContent = { use, jti: randomUUID(), card, values }
    return new CompactEncrypt(Buffer.from(JSON.stringify(content)))
      .setProtectedHeader({ ...SEALED_HEADER, ...(kid === undefined ? {} : { kid }) })
      .encrypt(await importJWK({ kty, crv, x, y }, SEALED_HEADER.alg))
  }

  async insert(reader: string, card: string | null): Promise<void> {
    await this.call('demo.insert', { reader, card })
    await this.until(async () => {
      const view = (await this.call('readers.list', {})).find(({ name }) => name === reader)
      return card === null ? view?.state === 'empty' : view?.state === 'ready' || view?.state === 'blank'
    }, `the card in ${reader} to be read`)
  }

  async signIn(reader: string, pin: string): Promise<void> {
    const state = await this.call('session.signIn', {
      reader,
      via: 'piv',
      pin: await this.seal('pin', { pin }),
      office: null,
    })
    if (state.status !== 'signed-in') throw new Error(`signed in, and yet ${state.status}`)
  }

  /** Waits for a condition that an event will make true; gives up after ten seconds. */
  async until(holds: () => Promise<boolean | undefined>, what: string): Promise<void> {
    const deadline = Date.now() + 10_000
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`waited ten seconds for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
