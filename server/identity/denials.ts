import { AppError, type ErrorCode } from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import type { Author, Changes, Tell } from '../services/change.ts'
import type { Knock } from './knock.ts'

const PER_MINUTE = 120

/** So many entries a minute; what is over is counted, and the count told with the next entry. */
class Budget {
  #minute = 0
  #told = 0
  #untold = 0

  /** Null when this minute is full; else how many were left out since the last entry. */
  admit(at: number): number | null {
    const minute = Math.floor(at / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#told = 0
    }
    if (this.#told >= PER_MINUTE) {
      this.#untold += 1
      return null
    }
    this.#told += 1
    const untold = this.#untold
    this.#untold = 0
    return untold
  }

  /** An admitted entry could not be written: it and what it would have told wait for the next. */
  giveBack(untold: number): void {
    this.#untold += untold + 1
  }
}

/**
 * Refusals worth an audit entry. Bounded per minute, so that a flood of refusals cannot fill the chain; what strangers
 * may fill is apart from what operators are refused, so that nobody can hide the one behind the other.
 * While the chain takes no entry a refusal is still told as what it is: it is counted, and the count follows.
 */
export class Denials {
  readonly #changes: Changes
  readonly #tenant: string
  readonly #ofOperators = new Budget()
  readonly #ofStrangers = new Budget()

  constructor(changes: Changes, tenant: string) {
    this.#changes = changes
    this.#tenant = tenant
  }

  async accessDenied(author: Author, route: string, detail: string): Promise<void> {
    await this.#tell(this.#ofOperators, author, async (tell, untold) => {
      await tell({
        action: 'AccessDenied',
        object: { type: 'route', id: route },
        after: { name: route, denied: detail, ...untold },
        reason: detail,
        place: { division: null, office: author.operator?.office ?? null },
      })
    })
  }

  async signInFailed(
    code: ErrorCode,
    known: { readonly station: string | null; readonly operator: string | null },
    knock: Knock,
  ): Promise<void> {
    const { correlationId, at, address } = knock
    const { operator, station } = known
    // Nobody signed in: the operator is what the card claimed, said in the payload, never as the author.
    const author = { tenant: this.#tenant, operator: null, station, correlationId, at }
    const budget = operator === null ? this.#ofStrangers : this.#ofOperators
    await this.#tell(budget, author, async (tell, untold) => {
      await tell({
        action: 'LoginFailed',
        object: operator === null ? { type: 'session', id: newId('refused') } : { type: 'operator', id: operator },
        after: { code, operator, station, address, ...untold },
        reason: code,
      })
    })
  }

  async #tell(
    budget: Budget,
    author: Author,
    entry: (tell: Tell, untold: { readonly untoldBefore?: number }) => Promise<void>,
  ): Promise<void> {
    const untold = budget.admit(author.at)
    if (untold === null) return
    try {
      await this.#changes.as(author, (_trx, tell) => entry(tell, untold > 0 ? { untoldBefore: untold } : {}))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'AUDIT_CHAIN_UNWRITABLE') throw error
      budget.giveBack(untold)
    }
  }
}
