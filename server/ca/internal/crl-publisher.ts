import { signCrl, type RevokedEntry } from '../../../shared/pki/index.ts'
import { toExternalSigner } from '../../hsm/index.ts'
import type { InternalCaConfig } from '../config.ts'
import type { PublishedCrl } from '../gateway.ts'
import type { CaName, CaStore, StoredCertificate } from '../store.ts'
import type { Authority } from './authority.ts'
import { addHours, wholeSeconds } from './clock.ts'

/**
 * Makes and keeps revocation lists. A list always holds everything that was changed before it got its number: the
 * number is taken first, then the entries are read. So of two lists the one with the higher number is never the poorer.
 */
export class CrlPublisher {
  readonly #store: CaStore
  readonly #config: InternalCaConfig
  readonly #now: () => Date
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: CaStore, config: InternalCaConfig, now: () => Date) {
    this.#store = store
    this.#config = config
    this.#now = now
  }

  /** A new list, durable when it returns. One at a time in this process. Throws HSM_UNAVAILABLE. */
  build(authority: Authority): Promise<PublishedCrl> {
    const result = this.#last.then(() => this.#build(authority))
    // Whoever asked has the failure; the next list is made all the same, with everything that was to be in this one.
    this.#last = result.catch(() => undefined)
    return result
  }

  /**
   * The kept list while less than half of its time has passed, else a new one. While none can be made (key store away)
   * the kept one is given for as long as it stands: what is fresh by its own word must not be withheld.
   */
  async current(authority: Authority): Promise<PublishedCrl> {
    const latest = await this.#store.latestCrl(authority.name)
    if (!latest) return this.build(authority)
    const half = (latest.thisUpdate.getTime() + latest.nextUpdate.getTime()) / 2
    if (this.#now().getTime() < half) return latest
    return this.build(authority).catch((error: unknown) => {
      if (this.#now() < latest.nextUpdate) return latest
      throw error
    })
  }

  async #build({ name, certificate, signer }: Authority): Promise<PublishedCrl> {
    const number = await this.#store.nextCrlNumber(name)
    const thisUpdate = wholeSeconds(this.#now())
    const hours = this.#hours(name)
    const nextUpdate = addHours(thisUpdate, hours)
    // An entry stays for one list beyond the end of its certificate (RFC 5280 3.3).
    const rows = await this.#store.listRevoked(addHours(thisUpdate, -hours))
    const entries = rows.filter((row) => issuerOf(row) === name).flatMap(entryOf)
    const authorityKeyId = certificate.subjectKeyId ?? ''
    const issuer = certificate.subject.der
    const fields = { issuer, authorityKeyId, number, thisUpdate, nextUpdate, entries }
    const der = await signCrl(fields, toExternalSigner(signer))
    const crl: PublishedCrl = { der, number, thisUpdate, nextUpdate }
    await this.#store.saveCrl({ ...crl, issuer: name })
    return crl
  }

  #hours(name: CaName): number {
    return name === 'root' ? this.#config.rootCrlDays * 24 : this.#config.crlHours
  }
}

const issuerOf = ({ profile }: StoredCertificate): CaName =>
  profile === 'ca-issuing' || profile === 'ca-root' ? 'root' : 'issuing'

function entryOf({ serial, state }: StoredCertificate): RevokedEntry[] {
  if (state.status === 'issued') return []
  const reason = state.status === 'suspended' ? 'certificateHold' : state.reason
  return [{ serial, at: state.at, reason }]
}
