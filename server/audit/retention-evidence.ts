import type { Kysely } from 'kysely'
import { findHolders, listCertificateSpans } from '../db/repositories/retention.ts'
import type { NamedObject } from '../db/repositories/retention.ts'
import type { OperationalDb } from '../db/schema.ts'
import { QUALIFIED_PROFILES } from './retention-classes.ts'
import type { Evidence } from './retention-classes.ts'

const nameOf = ({ type, id }: NamedObject): string => `${type}:${id}`
const KNOWN_MAX = 50_000

/** What the registry knows of the certificates that objects of registration were for; asked once for each. */
export class EvidenceBook {
  readonly #db: Kysely<OperationalDb>
  readonly #known = new Map<string, Evidence>()

  constructor(db: Kysely<OperationalDb>) {
    this.#db = db
  }

  /** Looks up what is not known yet, in few queries. */
  async load(objects: readonly NamedObject[]): Promise<void> {
    if (this.#known.size > KNOWN_MAX) this.#known.clear()
    const fresh = new Map(objects.filter((one) => !this.#known.has(nameOf(one))).map((one) => [nameOf(one), one]))
    const byType = Map.groupBy(fresh.values(), (one) => one.type)
    const holders = new Map<string, string | null>()
    for (const [type, named] of byType) {
      const found = await findHolders(
        this.#db,
        type,
        named.map((one) => one.id),
      )
      for (const [id, holder] of found) holders.set(nameOf({ type, id }), holder)
    }
    const wanted = [...new Set([...holders.values()].filter((one) => one !== null))]
    const spans = Map.groupBy(await listCertificateSpans(this.#db, wanted), (span) => span.holder)
    for (const name of fresh.keys()) {
      const holder = holders.get(name)
      if (holder === undefined) this.#known.set(name, { kind: 'unknown' })
      else this.#known.set(name, evidenceOf((holder === null ? undefined : spans.get(holder)) ?? []))
    }
  }

  /** `unknown` for an object that is not there and was not loaded. */
  of(object: NamedObject): Evidence {
    return this.#known.get(nameOf(object)) ?? { kind: 'unknown' }
  }
}

const evidenceOf = (
  spans: readonly { readonly profile: string; readonly from: number; readonly to: number }[],
): Evidence => {
  if (spans.length === 0) return { kind: 'none' }
  const qualified = spans.filter((span) => QUALIFIED_PROFILES.has(span.profile)).map((span) => span.from)
  return {
    kind: 'certificates',
    lastEnd: Math.max(...spans.map((span) => span.to)),
    qualifiedFrom: qualified.length > 0 ? Math.max(...qualified) : null,
  }
}
