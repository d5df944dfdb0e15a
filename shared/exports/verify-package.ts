import { createSignatureVerifier, type VerifySignature } from '../audit/crypto.ts'
import { AppError } from '../contract/errors.ts'
import type { SignatureLevel } from '../contract/routes/exports.ts'
import { parseAnyCrl, PkiError, toHex, type CertificateList, type HashName } from '../pki/index.ts'
import { CHAIN_FILE_BYTES_MAX, parseChainFile } from './chain-file.ts'
import { ChainLines } from './chain-lines.ts'
import { checkCosignatures, checkNoteTime, openChain, type OpenedChain } from './chain-note.ts'
import { Completeness } from './completeness.ts'
import { checkData, checkEnveloped, checkPdf, DataAgain, type DataDigest } from './data-check.ts'
import { LineSplitter } from './evidence-read.ts'
import { givenOf } from './given.ts'
import { judge } from './indication.ts'
import { MANIFEST_BYTES_MAX, parseManifest, type Manifest, type ManifestChain } from './manifest.ts'
import {
  chainName,
  compareMembers,
  DATA_SCHEMA,
  dataName,
  dataSignatureName,
  evidenceName,
  MANIFEST,
  MANIFEST_SIGNATURE,
  NAMES,
  README,
} from './members.ts'
import { parseNames, type Names } from './names.ts'
import { ownCrc32, piecesOf, type Crc32, type PackageMember, type PackageReader } from './package-reader.ts'
import { failed, passed, reportOf, type Check, type Facts, type Report } from './report.ts'
import { cadesHashes, checkCades, checkPades, checkXades, ContentDigests, xadesHashes } from './signature-check.ts'
import { poolInThread, SignatureQueue, type SignaturePool } from './signature-pool.ts'
import type { Trust } from './trust.ts'
import { checkSelection, selectionFacts } from './selection-check.ts'
import { dosTimeOf } from './zip-layout.ts'

export interface VerifyOptions extends Trust {
  /** Origins of chains, where the verifier knows them from elsewhere: a chain of another is refused. */
  readonly origins?: readonly string[]
  /** C2SP vkeys of witnesses of which one at least must have cosigned each checkpoint. */
  readonly witnesses?: readonly string[]
  /** `full`: every signature of entries; `quick`: those are left to links and root. */
  readonly depth: 'full' | 'quick'
  readonly pool?: SignaturePool
  readonly crc32?: Crc32
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

const SIGNATURE_BYTES_MAX = 32 * 1024 * 1024
const NAMES_BYTES_MAX = 64 * 1024 * 1024
const DOCUMENT_BYTES_MAX = 256 * 1024 * 1024
/** Lists and answers put beside, together. */
const REVOCATIONS_MAX = 64
const REVOCATION_BYTES_MAX = 32 * 1024 * 1024

const formatFault = (check: 'package' | 'manifest', facts: Facts): Check =>
  failed({ check, sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED', facts })

const refusalOf = (error: unknown): Facts => ({ reason: judge(error).reason })

/** Members as they were read: each is digested once, in the pass in which it is used. */
class Members {
  readonly #reader: PackageReader
  readonly #options: VerifyOptions
  readonly #crc32: Crc32
  readonly #total: number
  readonly #byName: ReadonlyMap<string, PackageMember>
  readonly #digests = new Map<string, string>()
  #done = 0
  /** Members whose CRC is not the directory's. */
  readonly broken: string[] = []

  constructor(reader: PackageReader, options: VerifyOptions) {
    this.#reader = reader
    this.#options = options
    this.#crc32 = options.crc32 ?? ownCrc32
    this.#total = reader.members.reduce((total, { bytes }) => total + bytes, 0)
    this.#byName = new Map(reader.members.map((member) => [member.name, member]))
  }

  find(name: string): PackageMember | null {
    return this.#byName.get(name) ?? null
  }

  digestOf(name: string): string | null {
    return this.#digests.get(name) ?? null
  }

  /** Passes a member by; `use` gets each piece. */
  async pass(member: PackageMember, use: (piece: Uint8Array) => void | Promise<void>): Promise<void> {
    const content = new ContentDigests(['sha256'])
    let crc = 0
    for await (const piece of piecesOf(this.#reader, member)) {
      this.#options.signal?.throwIfAborted()
      content.update(piece)
      if (member.crc32 !== null) crc = this.#crc32(piece, crc)
      await use(piece)
      this.#done += piece.length
      this.#options.onProgress?.(this.#done, this.#total)
    }
    this.#digests.set(member.name, toHex(content.digestOf('sha256')))
    if (member.crc32 !== null && crc !== member.crc32) this.broken.push(member.name)
  }

  /**
   * A small one as a whole; null where there is none. Read once: what is parsed is what is digested, even in a folder that
   * somebody writes to meanwhile. Throws REQUEST_INVALID for one that is too large. */
  async whole(name: string, limit: number): Promise<Uint8Array | null> {
    const member = this.find(name)
    if (!member) return null
    if (member.bytes > limit) throw new AppError('REQUEST_INVALID', { reason: 'member-size' })
    const bytes = new Uint8Array(member.bytes)
    let at = 0
    await this.pass(member, (piece) => {
      bytes.set(piece, at)
      at += piece.length
    })
    return bytes
  }
}

/** A chain whose checkpoint fits, and since when that is known to exist (ISO); null where nothing proves it. */
interface JudgedChain {
  readonly chain: OpenedChain
  readonly until: string | null
}

/** What a witness the verifier named saw is newer than a time-stamp, which shows only that it is not later. */
const provedTimeOf = (...checks: readonly Check[]): string | null => {
  const proof = checks.find(({ code, facts }) => code === 'passed' && typeof facts['time'] === 'string')
  return proof ? String(proof.facts['time']) : null
}

/** One run of the checks, in order; each adds what it found. */
class PackageCheck {
  readonly #reader: PackageReader
  readonly #options: VerifyOptions
  readonly #members: Members
  readonly #verify: VerifySignature = createSignatureVerifier()
  readonly checks: Check[] = []
  #trust: Trust
  /** The manifest as it was read, for its signature. */
  #signed: Uint8Array = new Uint8Array(0)

  constructor(reader: PackageReader, options: VerifyOptions) {
    this.#reader = reader
    this.#options = options
    this.#trust = options
    this.#members = new Members(reader, options)
  }

  async run(): Promise<void> {
    const manifest = await this.#manifest()
    if (!manifest) return
    await this.#carriedRevocations(manifest)
    await this.#manifestSignature(manifest.order)
    const names = await this.#names()
    const again = names && new DataAgain(manifest, names)
    const isEvident = await this.#chains(manifest, again)
    await this.#data(manifest, isEvident && again ? again.end() : null)
    await this.#memberDigests(manifest)
  }

  async #manifest(): Promise<Manifest | null> {
    try {
      const bytes = await this.#members.whole(MANIFEST, MANIFEST_BYTES_MAX)
      if (!bytes) {
        this.checks.push(formatFault('manifest', { reason: 'manifest-missing' }))
        return null
      }
      const manifest = parseManifest(bytes)
      this.#signed = bytes
      this.checks.push(this.#order(manifest), passed({ check: 'manifest', facts: manifestFacts(manifest) }))
      return manifest
    } catch (error) {
      this.checks.push(formatFault('manifest', refusalOf(error)))
      return null
    }
  }

  /** The members are those the manifest lists and its own two, in order and of its time; those it must have are there. */
  #order(manifest: Manifest): Check {
    const listed = manifest.members.map(({ name }) => name)
    const expected = [...listed, MANIFEST, MANIFEST_SIGNATURE]
    const found = this.#reader.members.map(({ name }) => name)
    const isZip = this.#reader.dosTime !== null
    const reason =
      findMisplaced(expected, isZip ? found : [...found].sort(compareMembers)) ??
      findMissing(manifest, new Set(listed)) ??
      (isZip && this.#reader.dosTime !== dosTimeOf(manifest.createdAt) ? 'time' : null)
    return reason === null
      ? passed({ check: 'package', facts: { members: found.length, form: isZip ? 'zip' : 'folder' } })
      : formatFault('package', { reason })
  }

  /** Lists and answers put beside: they speak for themselves, or not at all. */
  async #carriedRevocations(manifest: Manifest): Promise<void> {
    const crls: CertificateList[] = []
    const ocsp: Uint8Array[] = []
    const names = manifest.members.map(({ name }) => name).filter((name) => name.startsWith('revocation/'))
    // Nothing of it is signed yet: anybody can put any amount of them there.
    const total = names.reduce((sum, name) => sum + (this.#members.find(name)?.bytes ?? 0), 0)
    if (names.length > REVOCATIONS_MAX || total > REVOCATION_BYTES_MAX) {
      this.checks.push(formatFault('package', { reason: 'too-large', member: 'revocation', count: names.length }))
      return
    }
    for (const name of names) {
      const bytes = await this.#tryWhole(name, REVOCATION_BYTES_MAX)
      if (!bytes) continue
      if (name.endsWith('.ocsp')) ocsp.push(bytes)
      else crls.push(...tryCrl(bytes))
    }
    this.#trust = {
      ...this.#options,
      crls: [...(this.#options.crls ?? []), ...crls],
      ocsp: [...(this.#options.ocsp ?? []), ...ocsp],
    }
  }

  async #tryWhole(name: string, limit: number): Promise<Uint8Array | null> {
    try {
      return await this.#members.whole(name, limit)
    } catch (error) {
      judge(error)
      return null
    }
  }

  async #manifestSignature({ level }: Manifest['order']): Promise<void> {
    const about = { check: 'manifest-signature', format: 'CAdES', ordered: level } as const
    const cms = await this.#tryWhole(MANIFEST_SIGNATURE, SIGNATURE_BYTES_MAX)
    if (!cms) {
      this.checks.push(missingSignature('manifest-signature'))
      return
    }
    const content = new ContentDigests(cadesHashes(cms))
    content.update(this.#signed)
    const found = checkCades(about, cms, detachedOnly(content), this.#trust)
    this.checks.push(...found)
    // It lists the digest of every member: by its newest time-stamp they all existed, so theirs need not last by themselves.
    const times = found.flatMap(({ indication, facts }) =>
      indication === 'TOTAL-PASSED' && typeof facts['stampedAt'] === 'string' ? [Date.parse(facts['stampedAt'])] : [],
    )
    if (times.length > 0) this.#trust = { ...this.#trust, existedBy: new Date(Math.max(...times)) }
  }

  async #names(): Promise<Names | null> {
    try {
      const bytes = await this.#members.whole(NAMES, NAMES_BYTES_MAX)
      return bytes && parseNames(bytes)
    } catch (error) {
      this.checks.push(formatFault('package', { ...refusalOf(error), member: NAMES }))
      return null
    }
  }

  /** True where every line of every chain fits. */
  async #chains(manifest: Manifest, again: DataAgain | null): Promise<boolean> {
    let isEvident = true
    for (const [number, said] of manifest.counts.chains.entries()) {
      const chain = await this.#openChain(number, said)
      if (!(await this.#lines(number, said, chain, manifest, again))) isEvident = false
    }
    const { entries, chains } = manifest.counts
    const disclosed = chains.reduce((sum, one) => sum + one.disclosed, 0)
    if (entries !== disclosed) this.checks.push(formatFault('manifest', { reason: 'counts' }))
    this.checks.push(...this.#asked(manifest), ...checkSelection(manifest))
    return isEvident && entries === disclosed
  }

  /** Each origin given is there, and where witnesses are wanted there is a chain that they could have seen. */
  #asked({ counts }: Manifest): readonly Check[] {
    const { origins = [], witnesses = [] } = this.#options
    const missing = { sub: 'SIG_CONSTRAINTS_FAILURE', indication: 'INDETERMINATE', code: 'missing' } as const
    const absent = origins.filter((origin) => !counts.chains.some((chain) => chain.origin === origin))
    return [
      ...absent.map((origin) => failed({ check: 'checkpoint', ...missing, facts: { origin } })),
      ...(witnesses.length > 0 && counts.chains.length === 0 ? [failed({ check: 'cosignatures', ...missing })] : []),
    ]
  }

  async #openChain(number: number, said: ManifestChain): Promise<JudgedChain | null> {
    const about = { check: 'checkpoint', subject: said.chain } as const
    try {
      const bytes = await this.#members.whole(chainName(number), CHAIN_FILE_BYTES_MAX)
      if (!bytes) throw new AppError('REQUEST_INVALID', { reason: 'chain-missing' })
      const chain = openChain(parseChainFile(bytes), said, this.#verify)
      const { origins } = this.#options
      const facts = { origin: said.origin, size: said.size, root: said.root, isKnown: origins !== undefined }
      if (origins && !origins.includes(said.origin)) {
        this.checks.push(
          failed({ ...about, code: 'origin', sub: 'SIG_CONSTRAINTS_FAILURE', indication: 'TOTAL-FAILED', facts }),
        )
      } else this.checks.push(passed({ ...about, facts }))
      const seen = checkCosignatures(chain.file, this.#options.witnesses ?? [], this.#verify)
      const stamped = checkNoteTime(chain.file, this.#trust)
      this.checks.push(seen, stamped)
      return { chain, until: provedTimeOf(seen, stamped) }
    } catch (error) {
      const { subIndication: sub, indication, reason } = judge(error)
      this.checks.push(failed({ ...about, sub, indication, facts: { reason } }))
      return null
    }
  }

  async #lines(
    number: number,
    said: ManifestChain,
    opened: JudgedChain | null,
    manifest: Manifest,
    again: DataAgain | null,
  ): Promise<boolean> {
    const about = { check: 'evidence', subject: said.chain } as const
    const member = this.#members.find(evidenceName(number))
    if (!member || !opened) {
      this.checks.push(failed({ ...about, code: 'missing', sub: 'SIGNED_DATA_NOT_FOUND', indication: 'INDETERMINATE' }))
      return false
    }
    const { completeness } = manifest
    const { chain, until } = opened
    const lines = new ChainLines({ chain, completeness, verify: this.#verify })
    const complete = new Completeness(manifest)
    const queue = this.#options.depth === 'full' ? new SignatureQueue(this.#options.pool ?? poolInThread()) : null
    await this.#readLines(member, lines, complete, queue, again)
    await queue?.end()
    const { fault, counts } = lines
    if (fault) {
      this.checks.push(
        failed({ ...about, code: 'fault', sub: faultOf(fault.what), indication: 'TOTAL-FAILED', facts: { ...fault } }),
      )
      return false
    }
    const { size } = chain.checkpoint
    this.checks.push(
      passed({ ...about, facts: { ...counts, unburied: lines.unburied, from: lines.first, to: lines.last } }),
    )
    this.checks.push(signaturesOf(said.chain, queue), complete.checkOf(lines, said, { size, until }))
    return true
  }

  async #readLines(
    member: PackageMember,
    lines: ChainLines,
    complete: Completeness,
    queue: SignatureQueue | null,
    again: DataAgain | null,
  ): Promise<void> {
    const splitter = new LineSplitter()
    let isSplit = true
    await this.#members.pass(member, async (piece) => {
      if (!isSplit || lines.fault) return
      isSplit = await splitting(lines, async () => {
        for (const line of splitter.push(piece)) {
          const checked = lines.take(line)
          if (!checked) return
          complete.take(checked)
          if (checked.row && again) again.row(checked.row)
          // What no entry's digest says was read by nobody: headers are signed as well.
          if (checked.job && queue?.add(checked.sequence, checked.job)) await queue.room()
        }
      })
    })
    if (isSplit && !lines.fault) await splitting(lines, () => Promise.resolve(splitter.end()))
    lines.end()
  }

  async #data(manifest: Manifest, again: DataDigest | null): Promise<void> {
    const { format, level: ordered } = manifest.order
    const member = this.#members.find(dataName(format))
    if (!member) return
    if (format === 'pdf') return this.#document(member, again, ordered)
    const signatureName = dataSignatureName(format)
    const hasOwn = this.#members.find(signatureName) !== null
    if (format === 'xml' && !hasOwn) return this.#enveloped(member, again, ordered)
    const signature = await this.#tryWhole(signatureName, SIGNATURE_BYTES_MAX)
    if (!signature) this.checks.push(missingSignature('data-signature'))
    const hashes: readonly HashName[] = signature ? (format === 'xml' ? xadesHashes : cadesHashes)(signature) : []
    const content = new ContentDigests(['sha256', ...hashes])
    await this.#members.pass(member, (piece) => content.update(piece))
    if (signature) {
      const about = { check: 'data-signature', ordered } as const
      const xades = { contentHash: content.contentHash, names: ['audit.xml', member.name] }
      this.checks.push(
        ...(format === 'xml'
          ? checkXades({ ...about, format: 'XAdES' }, signature, xades, this.#trust)
          : checkCades({ ...about, format: 'CAdES' }, signature, detachedOnly(content), this.#trust)),
      )
    }
    this.checks.push(again ? checkData(again, content.digestOf('sha256')) : unjudgedData())
  }

  async #enveloped(member: PackageMember, again: DataDigest | null, ordered: SignatureLevel): Promise<void> {
    const xml = await this.#tryWhole(member.name, DOCUMENT_BYTES_MAX)
    if (!xml) return this.#tooLarge()
    this.checks.push(...checkXades({ check: 'data-signature', format: 'XAdES', ordered }, xml, null, this.#trust))
    this.checks.push(again ? checkEnveloped(again, xml) : unjudgedData())
  }

  async #document(member: PackageMember, again: DataDigest | null, ordered: SignatureLevel): Promise<void> {
    const pdf = await this.#tryWhole(member.name, DOCUMENT_BYTES_MAX)
    if (!pdf) return this.#tooLarge()
    this.checks.push(...checkPades({ check: 'data-signature', format: 'PAdES', ordered }, pdf, this.#trust))
    this.checks.push(again ? checkPdf(again, pdf) : unjudgedData())
  }

  /** Signed inside, and larger than can be held: nothing of it was checked. */
  #tooLarge(): void {
    const facts = { reason: 'member-size' }
    this.checks.push(
      failed({ check: 'data-signature', sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED', facts }),
      unjudgedData(),
    )
  }

  async #memberDigests(manifest: Manifest): Promise<void> {
    const faults: string[] = []
    for (const { name, bytes, sha256 } of manifest.members) {
      const member = this.#members.find(name)
      if (!member) continue
      if (this.#members.digestOf(name) === null) await this.#members.pass(member, () => undefined)
      if (member.bytes !== bytes || this.#members.digestOf(name) !== sha256) faults.push(name)
    }
    faults.push(...this.#members.broken.filter((name) => !faults.includes(name)))
    const about = { check: 'members' } as const
    this.checks.push(
      faults.length === 0
        ? passed({ ...about, facts: { count: manifest.members.length } })
        : failed({
            ...about,
            code: 'differs',
            sub: 'HASH_FAILURE',
            indication: 'TOTAL-FAILED',
            facts: { names: faults.join(', ') },
          }),
    )
  }
}

/** A detached signature that brings its content is over that, not over ours: the digests asked for must be ours. */
const detachedOnly = (content: ContentDigests) => (hash: HashName) => content.digestOf(hash)

const splitting = async (lines: ChainLines, act: () => Promise<void>): Promise<boolean> => {
  try {
    await act()
    return true
  } catch (error) {
    lines.refuse(judge(error).reason)
    return false
  }
}

const tryCrl = (bytes: Uint8Array): readonly CertificateList[] => {
  try {
    return [parseAnyCrl(bytes)]
  } catch (error) {
    if (error instanceof PkiError) return []
    throw error
  }
}

const manifestFacts = (manifest: Manifest): Facts => ({
  id: manifest.id,
  product: manifest.product,
  server: manifest.server,
  createdAt: new Date(manifest.createdAt).toISOString(),
  requestedBy: manifest.requestedBy.name,
  role: manifest.requestedBy.role,
  reason: manifest.reason,
  ...selectionFacts(manifest),
  format: manifest.order.format,
  level: manifest.order.level,
  keys: manifest.keys,
  completeness: manifest.completeness,
  entries: manifest.counts.entries,
  chains: manifest.counts.chains.length,
})

const missingSignature = (check: 'manifest-signature' | 'data-signature'): Check =>
  failed({ check, code: 'missing', sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED' })

const unjudgedData = (): Check =>
  failed({ check: 'data', code: 'unjudged', sub: 'SIGNED_DATA_NOT_FOUND', indication: 'INDETERMINATE' })

const signaturesOf = (chain: string, queue: SignatureQueue | null): Check => {
  const about = { check: 'entry-signatures', subject: chain } as const
  if (!queue) return passed({ ...about, code: 'skipped', decides: false })
  if (queue.fault === null) return passed({ ...about, facts: { checked: queue.checked } })
  const facts = { sequence: queue.fault }
  return failed({ ...about, code: 'fault', sub: 'SIG_CRYPTO_FAILURE', indication: 'TOTAL-FAILED', facts })
}

const faultOf = (what: string) =>
  what === 'payload' || what === 'root' || what === 'inclusion' ? 'HASH_FAILURE' : 'FORMAT_FAILURE'

const findMisplaced = (expected: readonly string[], found: readonly string[]): string | null => {
  const place = expected.findIndex((name, number) => name !== found[number])
  if (place >= 0) return `member: ${expected[place] ?? ''}`
  return found.length > expected.length ? `member: ${found[expected.length] ?? ''}` : null
}

/** Names in the one order there is, each once; what every package of the format must have is listed. */
const findMissing = ({ order, counts, members }: Manifest, listed: ReadonlySet<string>): string | null => {
  const isOrdered = members.every(({ name }, place) => {
    const before = members[place - 1]
    return !before || compareMembers(before.name, name) < 0
  })
  if (!isOrdered) return 'order'
  if (new Set(counts.chains.map(({ chain }) => chain)).size !== counts.chains.length) return 'chains'
  const chains = counts.chains.flatMap((_, number) => [evidenceName(number), chainName(number)])
  const needed = [dataName(order.format), NAMES, ...chains]
  const missing = needed.find((name) => !listed.has(name))
  if (missing !== undefined) return `missing: ${missing}`
  // What no check looks at beside its digest could be taken for something that was checked.
  const more = new Set([
    ...needed,
    README,
    dataSignatureName(order.format),
    ...(order.format === 'xml' ? [DATA_SCHEMA] : []),
  ])
  const stray = [...listed].find((name) => !more.has(name) && !/^(?:certificates|revocation)\//.test(name))
  return stray === undefined ? null : `member: ${stray}`
}

/**
 * Checks a package with nothing but what it is given: each check by itself, in order, all of them whatever the first
 * ones say. Reads each large member once, in constant memory. Throws only what the reader or the signal throws.
 */
export const verifyPackage = async (reader: PackageReader, options: VerifyOptions): Promise<Report> => {
  const run = new PackageCheck(reader, options)
  await run.run()
  return reportOf('package', options.now, run.checks, givenOf(options, options))
}

/** A file that could not even be opened as a package. */
export const unreadablePackage = (error: unknown, now: Date): Report =>
  reportOf('package', now, [formatFault('package', refusalOf(error))])
