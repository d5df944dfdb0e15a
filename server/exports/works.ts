import { createHash, X509Certificate } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import type { ExportSignerView } from '../../shared/contract/routes/exports.ts'
import { readExport, type ExportRow } from '../db/repositories/exports.ts'
import { isOperatorCertificate } from '../db/repositories/operators.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { ExportWorks } from '../services/exports.ts'
import { orderOf, signersOf } from '../services/exports-view.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { readHead } from '../db/repositories/audit-chain.ts'
import type { SecondPrepared, Signatures } from '../signing/signatures.ts'
import type { PackageFiles } from './files.ts'
import type { ExportFolders } from './folders.ts'
import type { ExportJobs } from './jobs.ts'
import type { ExportReach } from './pass-rights.ts'
import type { DownloadPasses } from './passes.ts'
import type { ExportPlan } from './ports.ts'
import { renewalOf } from './renewal.ts'
import { readSigned, replaceSignature, settleSignature } from './second-signature.ts'
import { takesAll } from './select-entries.ts'
import { countInThread } from './writer-thread.ts'

const PREPARED_MS = 10 * 60_000
const PREPARED_MAX = 1000
const COUNT_MS = 60_000

interface Prepared {
  readonly prepared: SecondPrepared
  readonly fingerprint: string
  readonly expiresAt: number
}

export interface WorksDeps {
  readonly audit: Opened<AuditDb>
  readonly db: OperationalDatabase
  readonly signatures: Signatures
  readonly folders: ExportFolders
  readonly passes: DownloadPasses
  readonly reach: ExportReach
  readonly jobs: ExportJobs
  readonly files: PackageFiles
  readonly now: () => number
}

const fingerprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')

const commonNameOf = (der: Uint8Array): string => {
  try {
    const { subject } = new X509Certificate(der)
    return /(?:^|\n)CN=([^\n]+)/.exec(subject)?.[1]?.slice(0, 200) ?? subject.slice(0, 200)
  } catch (cause) {
    throw new AppError('EXPORT_SIGNATURE_INVALID', { reason: 'certificate' }, { cause })
  }
}

/** Everything heavy of exports, made when the first is asked for. */
export class Works implements ExportWorks {
  readonly #deps: WorksDeps
  readonly #prepared = new Map<string, Prepared>()
  readonly jobs: ExportJobs
  readonly files: PackageFiles

  constructor(deps: WorksDeps) {
    this.#deps = deps
    this.jobs = deps.jobs
    this.files = deps.files
  }

  progress(id: string) {
    return this.jobs.progress(id)
  }

  discard(id: string): Promise<void> {
    return this.jobs.discard(id)
  }

  /** A chain that is taken whole is not counted but known by its head. */
  async count({ filter }: ExportPlan, most: number): Promise<number> {
    const { audit } = this.#deps
    const { selected } = filter
    const [chain] = selected?.chains ?? []
    if (selected && chain !== undefined && selected.chains?.length === 1 && takesAll(selected)) {
      const head = await readHead(audit.db, chain)
      return Math.min(most, (head?.sequence ?? -1) + 1)
    }
    const task = { kind: 'count', location: audit.location, filter, most } as const
    return Math.min(most, await countInThread(task, AbortSignal.timeout(COUNT_MS)))
  }

  async signer() {
    const { name, kind } = await this.#deps.signatures.signer()
    return { name: name.slice(0, 200), kind }
  }

  levels() {
    return this.#deps.signatures.levels()
  }

  async pass(id: string, sessionId: string, now: number) {
    const { passes, reach } = this.#deps
    const held = await reach(sessionId, now)
    if (held === null) throw new AppError('ACCESS_DENIED', { right: 'audit.export' })
    return passes.issue(id, sessionId, now, held)
  }

  async prepareSecond(row: ExportRow, operatorId: string, certificate: Uint8Array) {
    const { signatures, folders, now } = this.#deps
    await this.#assertOwn(operatorId, certificate)
    const folder = folders.whole(row.id)
    await settleSignature(folder, () => this.#rowOf(row))
    const { signature, manifest, content } = await readSigned(folder)
    const prepared = await signatures.prepareSecond(signature, content, certificate)
    const expiresAt = now() + PREPARED_MS
    const fingerprint = fingerprintOf(certificate)
    const [oldest] = this.#prepared.keys()
    if (this.#prepared.size >= PREPARED_MAX && oldest !== undefined) this.#prepared.delete(oldest)
    this.#prepared.set(`${row.id} ${operatorId}`, { prepared, fingerprint, expiresAt })
    return {
      signedAttributes: Buffer.from(prepared.signedAttributes).toString('base64'),
      manifest: Buffer.from(manifest).toString('base64'),
      manifestDigest: row.manifest_digest ?? '',
      expiresAt,
    }
  }

  async addSecond(
    row: ExportRow,
    operatorId: string,
    made: { readonly certificate: Uint8Array; readonly signature: Uint8Array },
    commit: Parameters<ExportWorks['addSecond']>[3],
  ): Promise<ExportRow> {
    const { signatures, folders, now } = this.#deps
    const name = `${row.id} ${operatorId}`
    const known = this.#prepared.get(name)
    if (!known || known.expiresAt <= now() || known.fingerprint !== fingerprintOf(made.certificate))
      throw new AppError('EXPORT_SIGNATURE_INVALID', { reason: 'not-prepared' })
    await this.#assertOwn(operatorId, made.certificate)
    const { level } = orderOf(row)
    const { signedAttributes } = known.prepared
    const signer: ExportSignerView = { name: commonNameOf(made.certificate), kind: 'card', level, at: now() }
    const signed = await replaceSignature(
      folders.whole(row.id),
      { row, read: () => this.#rowOf(row) },
      async (signature, content) => {
        const both = await signatures.addSecond(signature, content, { ...made, signedAttributes }, level)
        const end = signatures.endOf({ kind: 'cades', signature: both, content })
        const signers = JSON.stringify([...signersOf(row), signer])
        return { signature: both, signers, renewAt: renewalOf(row.renew_at, end) }
      },
      commit,
    )
    this.#prepared.delete(name)
    if (!signed) throw new AppError('EXPORT_STATE', { state: 'changed' })
    return signed
  }

  #rowOf({ tenant, id }: ExportRow): Promise<ExportRow | null> {
    return readExport(this.#deps.db, tenant, id)
  }

  /** Nobody signs with the card of a colleague. */
  async #assertOwn(operatorId: string, certificate: Uint8Array): Promise<void> {
    if (!(await isOperatorCertificate(this.#deps.db, operatorId, fingerprintOf(certificate))))
      throw new AppError('EXPORT_SIGNATURE_INVALID', { reason: 'certificate-of-another' })
  }
}
