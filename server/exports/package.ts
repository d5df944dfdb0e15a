import { readFile, rm, stat, truncate, appendFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { AppError } from '../../shared/contract/errors.ts'
import type { ExportSignerView } from '../../shared/contract/routes/exports.ts'
import {
  AUDIT_XSD,
  chainName,
  compareMembers,
  DATA_SCHEMA,
  dataName,
  dataSignatureName,
  encodeChainFile,
  encodeManifest,
  encodeNames,
  MANIFEST,
  MANIFEST_SIGNATURE,
  NAMES,
  README,
  type ManifestChain,
  type ManifestHead,
  zipLayout,
} from '../../shared/exports/index.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { bytesContent, fileContent } from '../signing/content.ts'
import { MAX_ENVELOPED_BYTES, type Content, type KeptSignature, type Signatures } from '../signing/signatures.ts'
import { assertSealed, chainEvidence, listSealed } from './chain-evidence.ts'
import { digestedFile } from './digested-file.ts'
import { memberOf, writeMember, type ExportFolders } from './folders.ts'
import { writeFailure } from './file-sink.ts'
import type { ExportFaultPort, ExportFilter, ExportProgress, PackageMember } from './ports.ts'
import { readMe } from './read-me.ts'
import { REPORT_DATA } from './write-entries.ts'
import type { WriteResult } from './write-task.ts'
import { writeInThread, type WriteOrder } from './writer-thread.ts'

/** Lays a report out as a PDF with the data attached to it, not signed yet. */
export type WriteReport = (report: {
  /** The entries as JSON Lines, which the PDF carries. */
  readonly data: Uint8Array
  readonly head: ManifestHead
  readonly chains: readonly ManifestChain[]
  readonly entries: number
  /** Name of whoever seals it. */
  readonly signer: string
  /** Aborted, it rejects. */
  readonly signal: AbortSignal
}) => Promise<Uint8Array>

export interface PackageDeps {
  readonly audit: Opened<AuditDb>
  readonly folders: ExportFolders
  readonly signatures: Signatures
  readonly writeReport: WriteReport
  readonly faults: ExportFaultPort
  /** Vkeys of the outside witnesses of the configuration. */
  readonly outside: readonly string[]
  /** Where anybody gets the verifiers from this server, no slash at the end; null where it gives none. */
  readonly verifiers: string | null
}

export interface PackageOrder {
  readonly id: string
  readonly head: ManifestHead
  readonly filter: ExportFilter
  readonly chains: readonly string[]
  readonly names: WriteOrder['names']
  readonly visibleSignature: boolean
  readonly tenant: string
  readonly maxBytes: number
  readonly maxEntries: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: ExportProgress) => void
}

export interface MadePackage {
  readonly entries: number
  /** Of the ZIP. */
  readonly bytes: number
  readonly manifestDigest: string
  readonly members: readonly PackageMember[]
  readonly signers: readonly ExportSignerView[]
  /** When the newest time-stamp of the manifest's signature ends. */
  readonly end: number | null
}

const MIME = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonl',
  xml: 'application/xml',
  pdf: 'application/pdf',
} as const
const CLOSING_TAG = '</audit>'

/** Makes the package of one order in its folder, whole and durable, and moves it to where it can be given. */
export class PackageMaker {
  readonly #deps: PackageDeps

  constructor(deps: PackageDeps) {
    this.#deps = deps
  }

  /**
   * From the start, whatever an earlier attempt left. Throws EXPORT_CHAIN_UNSEALED (a chain without checkpoint), other EXPORT_*, AUDIT_PROOF_UNAVAILABLE, SIGNING_*, TIMESTAMP_*,
   * HSM_UNAVAILABLE, and Cancelled where the signal was aborted.
   */
  async make(order: PackageOrder): Promise<MadePackage> {
    const { audit, folders, signatures, faults, outside } = this.#deps
    const { head, signal } = order
    await faults('before-folder')
    const folder = await folders.begin(order.id)
    await faults('after-folder')
    const key = await signatures.signer()
    const sealed = await listSealed(audit.db, order.chains)
    // Said of a chain that it is all there, and nothing there of it: not even that there is such a chain.
    if (head.completeness !== 'inclusion') assertSealed(order.chains, sealed)
    const { location } = audit
    const { filter, names, maxBytes, maxEntries } = order
    const task = { location, folder, head, filter, chains: sealed, names, maxBytes, maxEntries }
    const written = await writeInThread({ ...task, hashes: [key.hash] }, audit, order)
    await faults('after-data')
    const members: PackageMember[] = [...written.members, await writeNames(folder, written)]
    const counted: ManifestChain[] = []
    for (const [number, chain] of written.chains.entries()) {
      signal.throwIfAborted()
      const evidence = await chainEvidence(audit.db, chain, { tenant: order.tenant, outside })
      members.push(await writeMember(folder, chainName(number), encodeChainFile(evidence.file)))
      counted.push(evidence.counted)
    }
    await faults('after-chains')
    order.onProgress({ phase: 'signing', written: written.entries, total: written.entries })
    signal.throwIfAborted()
    members.push(...(await this.#data(order, folder, written, counted)))
    await faults('after-signature')
    const { entries } = written
    const { verifiers } = this.#deps
    const facts = { entries, chains: counted, members: members.map(({ name }) => name), verifiers }
    members.push(await writeMember(folder, README, Buffer.from(readMe(head, facts), 'utf8')))
    signal.throwIfAborted()
    return this.#seal(order, folder, { members, counted, entries: written.entries })
  }

  /** The data's own signature, and what it carries as files of their own. */
  async #data(
    order: PackageOrder,
    folder: string,
    written: WriteResult,
    counted: readonly ManifestChain[],
  ): Promise<readonly PackageMember[]> {
    const { signatures } = this.#deps
    const { format, level } = order.head.order
    const file = join(folder, dataName(format))
    const mimeType = MIME[format]
    const digested = digestedFile(file, written.digests)
    if (format === 'pdf') return this.#report(order, folder, written, counted)
    if (format !== 'xml') {
      const signature = await signatures.cadesDetached(digested, { level, mimeType })
      const member = await writeMember(folder, dataSignatureName(format), signature)
      return [member, ...(await this.#carried(folder, { kind: 'cades', signature }))]
    }
    const schema = await writeMember(folder, DATA_SCHEMA, Buffer.from(AUDIT_XSD, 'utf8'))
    const { size } = await stat(file)
    if (size > MAX_ENVELOPED_BYTES) {
      // An archive time-stamp's imprint goes on from the content's own bytes (EN 319 132-1 5.5.2.2): only a digest is not enough.
      const content = level === 'B-LTA' ? fileContent(file) : digested
      const signature = await signatures.xadesDetached(content, { level, mimeType, uri: 'audit.xml' })
      const member = await writeMember(folder, dataSignatureName(format), signature)
      return [schema, member, ...(await this.#carried(folder, { kind: 'xades', signature }))]
    }
    const enveloped = await signatures.xadesEnveloped(fileContent(file), { level, mimeType })
    const bytes = await insertBeforeEnd(file, size, enveloped)
    const kept = await this.#carried(folder, { kind: 'xades', signature: bytes })
    return [schema, ...kept, { ...memberOf(dataName(format), bytes) }]
  }

  async #report(
    order: PackageOrder,
    folder: string,
    { entries }: WriteResult,
    chains: readonly ManifestChain[],
  ): Promise<readonly PackageMember[]> {
    const { signatures, writeReport } = this.#deps
    const { head, visibleSignature: visible, signal } = order
    const scratch = join(folder, REPORT_DATA)
    const { name: signer } = await signatures.signer()
    const pdf = await writeReport({ data: await readFile(scratch), head, chains, entries, signer, signal })
    const { level, language } = head.order
    const signature = await signatures.pades(pdf, { level, visible, reason: head.reason, language })
    await rm(scratch)
    const member = await writeMember(folder, dataName('pdf'), signature)
    return [member, ...(await this.#carried(folder, { kind: 'pades', signature }))]
  }

  async #carried(folder: string, kept: Pick<KeptSignature, 'kind' | 'signature'>): Promise<readonly PackageMember[]> {
    const { certificates, crls, ocsp } = this.#deps.signatures.carriedBy(kept)
    const named = [
      ...certificates.map((der) => ['certificates', 'cer', der] as const),
      ...crls.map((der) => ['revocation', 'crl', der] as const),
      ...ocsp.map((der) => ['revocation', 'ocsp', der] as const),
    ].map(([kind, end, der]) => [`${kind}/${digestName(der)}.${end}`, der] as const)
    const members: PackageMember[] = []
    for (const [name, der] of new Map(named)) members.push(await writeMember(folder, name, der))
    return members
  }

  /** Manifest, its signature, and the rename: from then on it is whole. */
  async #seal(
    { id, head, onProgress }: PackageOrder,
    folder: string,
    made: { readonly members: PackageMember[]; readonly counted: readonly ManifestChain[]; readonly entries: number },
  ): Promise<MadePackage> {
    const { folders, signatures, faults } = this.#deps
    const { entries } = made
    // A later account of the same file (a signature put into it) stands for it.
    const named = new Map(made.members.map((member) => [member.name, member]))
    const members = [...named.values()].toSorted((left, right) => compareMembers(left.name, right.name))
    const manifest = encodeManifest({
      ...head,
      counts: { entries, chains: [...made.counted] },
      members: members.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    })
    const manifestMember = await writeMember(folder, MANIFEST, manifest)
    await faults('after-manifest')
    const content: Content = bytesContent(manifest)
    const { level } = head.order
    const signature = await signatures.cadesDetached(content, { level, mimeType: 'application/json' })
    const signatureMember = await writeMember(folder, MANIFEST_SIGNATURE, signature)
    await faults('after-manifest-signature')
    const all = [...members, manifestMember, signatureMember]
    const key = await signatures.signer()
    await faults('before-rename')
    await folders.complete(id)
    await faults('after-rename')
    onProgress({ phase: 'signing', written: entries, total: entries })
    return {
      entries,
      bytes: zipLayout(all, head.createdAt).size,
      manifestDigest: manifestMember.sha256,
      members: all,
      signers: [{ name: key.name.slice(0, 200), kind: key.kind, level, at: Date.now() }],
      end: signatures.endOf({ kind: 'cades', signature, content })?.getTime() ?? null,
    }
  }
}

/** Bytes of all files together are never more than allowed. Throws EXPORT_DISK_FULL. */
const writeNames = (folder: string, { names, bytesLeft }: WriteResult): Promise<PackageMember> => {
  const encoded = encodeNames(names)
  if (encoded.length > bytesLeft) throw new AppError('EXPORT_DISK_FULL', { reason: 'limit' })
  return writeMember(folder, NAMES, encoded)
}

const digestName = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex').slice(0, 16)

/** Puts an enveloped signature where the digest left it out: last in the root. Gives the whole document. */
const insertBeforeEnd = async (file: string, size: number, signature: string): Promise<Uint8Array> => {
  await truncate(file, size - CLOSING_TAG.length)
  try {
    await appendFile(file, signature + CLOSING_TAG, { flush: true })
  } catch (error) {
    throw writeFailure(error)
  }
  const bytes = await readFile(file)
  if (!bytes.subarray(-CLOSING_TAG.length).equals(Buffer.from(CLOSING_TAG)))
    throw new AppError('INTERNAL', { reason: 'xml-end' })
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
