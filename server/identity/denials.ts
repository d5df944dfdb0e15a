import type { ErrorCode } from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import type { Author, Changes } from '../services/change.ts'
import type { Knock } from './knock.ts'

const PER_MINUTE = 120

/**
 * Refusals worth an audit entry. Bounded per minute, so that a flood of refusals cannot fill the chain: what is over is
 * counted, and the count is told with the first entry of the next minute.
 */
export class Denials {
  readonly #changes: Changes
  readonly #tenant: string
  #minute = 0
  #told = 0
  #untold = 0

  constructor(changes: Changes, tenant: string) {
    this.#changes = changes
    this.#tenant = tenant
  }

  async accessDenied(author: Author, route: string, detail: string): Promise<void> {
    const skipped = this.#admit(author.at)
    if (skipped === null) return
    await this.#changes.as(author, async (_trx, tell) => {
      await tell({
        action: 'AccessDenied',
        object: { type: 'route', id: route },
        after: { name: route, denied: detail, ...(skipped > 0 ? { untoldBefore: skipped } : {}) },
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
    const skipped = this.#admit(knock.at)
    if (skipped === null) return
    const { tenant, correlationId, at } = { tenant: this.#tenant, ...knock }
    // Nobody signed in: the operator is what the card claimed, said in the payload, never as the author.
    await this.#changes.as(
      { tenant, operator: null, station: known.station, correlationId, at },
      async (_trx, tell) => {
        await tell({
          action: 'LoginFailed',
          object:
            known.operator === null
              ? { type: 'session', id: newId('refused') }
              : { type: 'operator', id: known.operator },
          after: {
            code,
            operator: known.operator,
            station: known.station,
            address: knock.address,
            ...(skipped > 0 ? { untoldBefore: skipped } : {}),
          },
          reason: code,
        })
      },
    )
  }

  /** Null when this minute is full; else how many were left out since the last entry. */
  #admit(at: number): number | null {
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
}
