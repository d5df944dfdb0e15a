import { z } from 'zod'
import { AppError } from '../../shared/contract/errors.ts'
import { parsePayload } from '../../shared/audit/payload.ts'
import type { Opened } from '../db/open.ts'
import { bindWitness, readPayloadOfIntent, readWitness } from '../db/repositories/audit-witnesses.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { recordIntent } from './intent.ts'
import type { AuditOperator } from './intent.ts'
import type { AuditSequencer } from './ports.ts'

export const WITNESS_OBJECT = 'audit-witness'
/** What a desk's witness is called: after its station. */
export const witnessNameOf = (station: string): string => `station/${station}`

/** Who uses a witness key for the first time. */
export interface Binding {
  readonly tenant: string
  readonly station: string
  readonly vkey: string
  readonly operator: AuditOperator
  readonly correlationId: string
  /** UTC in ms. */
  readonly at: number
}

export interface DeskWitnessesOptions {
  readonly audit: Opened<AuditDb>
  readonly operational: Opened<OperationalDb>
  readonly sequencer: AuditSequencer
}

const Bound = z.looseObject({ vkey: z.string() })

const boundKeyOf = (payload: Uint8Array): string | null => {
  const parsed = Bound.safeParse(parsePayload(payload).after)
  return parsed.success ? parsed.data.vkey : null
}

/**
 * The witness keys of stations. A station's key is the one its first use put into the chain: one intent id for each
 * station, so there is only ever one such entry, whoever comes first and however often the process dies. The table is a
 * copy of that for look-up; a row that someone removed is made again from the entry.
 */
export class DeskWitnesses {
  readonly #options: DeskWitnessesOptions

  constructor(options: DeskWitnessesOptions) {
    this.#options = options
  }

  /**
   * Gives the name of the station's witness, bound to this key now or before; durable and in the chain when it returns.
   * Throws AUDIT_WITNESS_KEY_CHANGED, AUDIT_CHAIN_UNWRITABLE.
   */
  async bind(binding: Binding): Promise<string> {
    const { audit } = this.#options
    const name = witnessNameOf(binding.station)
    const known = (await readWitness(audit.db, name)) ?? (await this.#first(name, binding))
    if (known.vkey !== binding.vkey || known.tenant !== binding.tenant)
      throw new AppError('AUDIT_WITNESS_KEY_CHANGED', { station: binding.station })
    return name
  }

  async #first(name: string, binding: Binding) {
    const { audit, sequencer } = this.#options
    const intent = `${WITNESS_OBJECT}:${binding.tenant}:${binding.station}`
    if ((await readPayloadOfIntent(audit.db, intent)) === null) {
      sequencer.assertWritable()
      await this.#record(intent, name, binding)
      await sequencer.settle([intent])
    }
    const payload = await readPayloadOfIntent(audit.db, intent)
    const vkey = payload && boundKeyOf(payload)
    if (!vkey) throw new AppError('AUDIT_WITNESS_KEY_CHANGED', { station: binding.station })
    const { tenant, station, at } = binding
    return bindWitness(audit.db, { name, tenant, station, vkey, boundAt: at })
  }

  async #record(intent: string, name: string, binding: Binding): Promise<void> {
    const { tenant, station, operator, correlationId, at, vkey } = binding
    try {
      await inTransaction(this.#options.operational.db, (trx) =>
        recordIntent(trx, {
          id: intent,
          at,
          tenant,
          operator,
          station,
          action: 'Insertion',
          object: { type: WITNESS_OBJECT, id: station },
          correlationId,
          before: null,
          after: { id: station, name, vkey },
          reason: null,
        }),
      )
    } catch (error) {
      // Recorded by another call or by a process that died: what it recorded is what counts.
      if (!(error instanceof AppError) || error.code !== 'REQUEST_CONFLICT') throw error
    }
  }
}
