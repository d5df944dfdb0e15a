import { z } from 'zod'
import { AppError } from '../../shared/contract/errors.ts'
import { parseEntry } from '../../shared/audit/entry.ts'
import { parsePayload } from '../../shared/audit/payload.ts'
import type { Opened } from '../db/open.ts'
import { listEntries } from '../db/repositories/audit-list.ts'
import {
  bindWitness,
  isIntentKept,
  readPayloadOfIntent,
  readWitness,
  unbindWitness,
} from '../db/repositories/audit-witnesses.ts'
import type { DeskWitness } from '../db/repositories/audit-witnesses.ts'
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

/** One for each station and release: the same key use is only ever one entry. */
const bindingIntent = (tenant: string, station: string, release: string | null): string =>
  [WITNESS_OBJECT, tenant, station, ...(release === null ? [] : [release])].join(':')

/**
 * The witness keys of stations. A station's key is the one its first use put into the chain, the first since its last
 * release: one intent id for each station and release, so there is only ever one such entry, whoever comes first and
 * however often the process dies. The table is a copy of that for look-up; a row that someone removed is made again from
 * the entry.
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
    const kept = await readWitness(audit.db, name)
    // Another key than the one kept: its release may have been cut short before the row was gone.
    const isOld = kept !== null && kept.vkey !== binding.vkey && (await this.#isReleased(kept))
    if (isOld) await unbindWitness(audit.db, name, kept.vkey)
    const known = kept === null || isOld ? await this.#first(name, binding) : kept
    if (known.vkey !== binding.vkey || known.tenant !== binding.tenant)
      throw new AppError('AUDIT_WITNESS_KEY_CHANGED', { station: binding.station })
    return name
  }

  /** The key bound to a station now; null for none. */
  find(station: string): Promise<DeskWitness | null> {
    return readWitness(this.#options.audit.db, witnessNameOf(station))
  }

  /** After its release is in the chain (a `Deletion` of the station's `audit-witness`). */
  async forget(station: string, vkey: string): Promise<void> {
    await unbindWitness(this.#options.audit.db, witnessNameOf(station), vkey)
  }

  /** The intent of the station's last release; null where its key was never released. */
  async #lastRelease(tenant: string, station: string): Promise<string | null> {
    const { db, dialect } = this.#options.audit
    const filter = { tenant, actions: ['Deletion'], objectType: WITNESS_OBJECT, objectId: station }
    const [last] = (await listEntries(db, filter, { limit: 1 }, dialect)).items
    return last ? parseEntry(last.bytes).intent : null
  }

  async #isReleased({ tenant, station, vkey }: DeskWitness): Promise<boolean> {
    const { db } = this.#options.audit
    const release = await this.#lastRelease(tenant, station)
    if (release === null) return false
    const intent = bindingIntent(tenant, station, release)
    const payload = await readPayloadOfIntent(db, intent)
    // An entry that says no more is no reason to take another key.
    return payload === null ? !(await isIntentKept(db, intent)) : boundKeyOf(payload) !== vkey
  }

  async #first(name: string, binding: Binding) {
    const { audit, sequencer } = this.#options
    const release = await this.#lastRelease(binding.tenant, binding.station)
    const intent = bindingIntent(binding.tenant, binding.station, release)
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
