import { hash } from 'node:crypto'
import type { HttpAnswer } from '../../shared/contract/index.ts'
import type { KeyView } from '../../shared/contract/routes/exports.ts'
import { parseCertificate, PkiError, serialText, type Certificate } from '../../shared/pki/index.ts'
import { NOTE_WRAPPING_KEY } from '../audit/checkpoint-key.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import { listKeyCertificates, listOwnKeyCertificates, listSuccessions } from '../db/repositories/keys.ts'
import type { AuditDatabase, OperationalDatabase } from '../db/schema.ts'
import type { KeyEntry, KeyStore } from '../hsm/index.ts'
import { SESSION_WRAPPING_KEY } from '../identity/sessions.ts'
import { WRAPPING_KEY } from '../vault/envelope.ts'
import type { Call } from './call.ts'
import { assertEverything } from './jobs.ts'

export interface KeysDeps {
  readonly keys: Pick<KeyStore, 'kind' | 'description' | 'list'>
  readonly db: OperationalDatabase
  readonly audit: AuditDatabase
  readonly tenant: string
  readonly chain: string
  /** Label of the first key that signs exports. */
  readonly exportKey: string
  /** Whether a label is that of a key of the chain. */
  readonly isChainKey: (label: string) => boolean
}

/** How the certificate table names a key: SHA-256 of its SubjectPublicKeyInfo, lower-case hex. */
export const keyFingerprint = (spki: Uint8Array): string => hash('sha256', spki)

const MAX_ALGORITHM = 30
const MAX_NAME = 400
const MAX_LISTED = 500

/** What the key store holds, what each key is for, and its newest certificate. */
export class Keys {
  readonly #deps: KeysDeps

  constructor(deps: KeysDeps) {
    this.#deps = deps
  }

  /** Throws ACCESS_DENIED for who may not see everything, HSM_UNAVAILABLE. */
  async list(call: Call): Promise<HttpAnswer<'listKeys'>> {
    assertEverything(call)
    const { kind, description } = this.#deps.keys
    return { kind, description: description.slice(0, 300), items: await this.views() }
  }

  /** The same for who has the machine. */
  async views(): Promise<KeyView[]> {
    const { keys, db, tenant, exportKey } = this.#deps
    const entries = await keys.list()
    const successions = await listSuccessions(db, tenant, 'export')
    const exporting = new Set([exportKey, ...successions.map(({ label }) => label)])
    const certificates = await this.#certificates()
    return entries.slice(0, MAX_LISTED).map((entry) => ({
      label: entry.label.slice(0, 64),
      algorithm: (entry.algorithm === 'secret' ? 'aes-256' : entry.algorithm).slice(0, MAX_ALGORITHM),
      kind: keys.kind,
      use: this.#useOf(entry, exporting),
      certificate: (entry.spki && certificates.get(keyFingerprint(entry.spki))) ?? null,
    }))
  }

  #useOf({ label }: KeyEntry, exporting: ReadonlySet<string>): KeyView['use'] {
    if (this.#deps.isChainKey(label) || label === NOTE_WRAPPING_KEY) return 'audit'
    if (label === 'ca.root' || label === 'ca.issuing') return 'authority'
    if (exporting.has(label)) return 'export'
    if (label === WRAPPING_KEY) return 'vault'
    return label === SESSION_WRAPPING_KEY ? 'server' : 'unused'
  }

  /** By the key's fingerprint: put in by hand before our own CA's, newer before older. */
  async #certificates(): Promise<ReadonlyMap<string, NonNullable<KeyView['certificate']>>> {
    const { db, audit, tenant, chain } = this.#deps
    const imported = (await listKeyCertificates(db, tenant)).flatMap((one) => one.chain.slice(0, 1))
    const own = await listOwnKeyCertificates(db)
    const audited = (await listAuditKeys(audit, chain)).flatMap(({ certificate }) => (certificate ? [certificate] : []))
    const found = new Map<string, NonNullable<KeyView['certificate']>>()
    for (const der of [...imported, ...own, ...audited.toReversed()]) {
      const certificate = readable(der)
      if (!certificate) continue
      const id = keyFingerprint(certificate.spki)
      if (!found.has(id)) found.set(id, viewOf(certificate))
    }
    return found
  }
}

/** Null for what cannot be read: a list must not fail for one row. */
function readable(der: Uint8Array): Certificate | null {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (error instanceof PkiError) return null
    throw error
  }
}

const viewOf = ({
  subject,
  issuer,
  serial,
  notBefore,
  notAfter,
}: Certificate): NonNullable<KeyView['certificate']> => ({
  subject: subject.text.slice(0, MAX_NAME),
  issuer: issuer.text.slice(0, MAX_NAME),
  serial: serialText(serial).slice(0, 64),
  notBefore: notBefore.getTime(),
  notAfter: notAfter.getTime(),
})
