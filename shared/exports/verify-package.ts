import { createSignatureVerifier, type VerifySignature } from '../audit/crypto.ts'
import { AppError } from '../contract/errors.ts'
import { readRevocations } from './carried-revocations.ts'
import { CHAIN_FILE_BYTES_MAX, parseChainFile } from './chain-file.ts'
import { ChainLines } from './chain-lines.ts'
import { checkCosignatures, checkNoteTime, openChain, type OpenedChain } from './chain-note.ts'
import { Completeness } from './completeness.ts'
import { DataAgain } from './data-check.ts'
import { checkDataMember, detachedOnly, SIGNATURE_BYTES_MAX } from './data-member.ts'
import { LineSplitter } from './evidence-read.ts'
import { openExistence } from './existence.ts'
import { givenOf } from './given.ts'
import { judge } from './indication.ts'
import { MANIFEST_BYTES_MAX, parseManifest, type Manifest, type ManifestChain } from './manifest.ts'
import { checkMemberDigests, Members, type PassOptions } from './member-pass.ts'
import { chainName, evidenceName, MANIFEST, MANIFEST_SIGNATURE, NAMES } from './members.ts'
import { parseNames, type Names } from './names.ts'
import {
  faultOf,
  formatFault,
  manifestFacts,
  missingSignature,
  provedTimeOf,
  refusalOf,
  signaturesOf,
} from './package-facts.ts'
import { checkOrder } from './package-order.ts'
import type { PackageMember, PackageReader } from './package-reader.ts'
import { failed, passed, reportOf, type Check, type Report } from './report.ts'
import { checkSelection } from './selection-check.ts'
import { cadesHashes, checkCades, ContentDigests } from './signature-check.ts'
import { poolInThread, SignatureQueue, type SignaturePool } from './signature-pool.ts'
import type { Trust } from './trust.ts'

export interface VerifyOptions extends Trust, PassOptions {
  /** Origins of chains, where the verifier knows them from elsewhere: a chain of another is refused. */
  readonly origins?: readonly string[]
  /** C2SP vkeys of witnesses of which one at least must have cosigned each checkpoint. */
  readonly witnesses?: readonly string[]
  /** `full`: every signature of entries; `quick`: those are left to links and root. */
  readonly depth: 'full' | 'quick'
  readonly pool?: SignaturePool
}

const NAMES_BYTES_MAX = 64 * 1024 * 1024

/** A chain whose checkpoint fits, and since when that is known to exist (ISO); null where nothing proves it. */
interface JudgedChain {
  readonly chain: OpenedChain
  readonly until: string | null
}

/** One run of the checks, in order; each adds what it found. */
class PackageCheck {
  readonly #reader: PackageReader
  readonly #options: VerifyOptions
  readonly #members: Members
  readonly #verify: VerifySignature = createSignatureVerifier()
  readonly checks: Check[] = []
  #trust: Trust
  /** Of what a member that was read is judged with. */
  #trustOf: (name: string) => Trust = () => this.#trust
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
    await this.#carried(manifest)
    await this.#manifestSignature(manifest)
    const names = await this.#names()
    const again = names && new DataAgain(manifest, names)
    const isEvident = await this.#chains(manifest, again)
    const about = { members: this.#members, again: isEvident && again ? again.end() : null, trustOf: this.#trustOf }
    this.checks.push(...(await checkDataMember(manifest, about)), await checkMemberDigests(manifest, this.#members))
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
      this.checks.push(
        checkOrder(manifest, this.#reader),
        passed({ check: 'manifest', facts: manifestFacts(manifest) }),
      )
      return manifest
    } catch (error) {
      this.checks.push(formatFault('manifest', refusalOf(error)))
      return null
    }
  }

  async #carried(manifest: Manifest): Promise<void> {
    const { crls, ocsp, fault } = await readRevocations(manifest, this.#members)
    if (fault) this.checks.push(fault)
    const given = this.#options
    this.#trust = { ...given, crls: [...(given.crls ?? []), ...crls], ocsp: [...(given.ocsp ?? []), ...ocsp] }
  }

  async #manifestSignature(manifest: Manifest): Promise<void> {
    const about = { check: 'manifest-signature', format: 'CAdES', ordered: manifest.order.level } as const
    const cms = await this.#members.tryWhole(MANIFEST_SIGNATURE, SIGNATURE_BYTES_MAX)
    if (!cms) {
      this.checks.push(missingSignature('manifest-signature'))
      return
    }
    const content = new ContentDigests(cadesHashes(cms))
    content.update(this.#signed)
    const found = checkCades(about, cms, detachedOnly(content), this.#trust)
    this.checks.push(...found)
    const existence = openExistence(manifest, this.#members, found)
    this.#trustOf = (name) => existence(this.#trust, name)
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
      const stamped = checkNoteTime(chain.file, this.#trustOf(chainName(number)))
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
}

const splitting = async (lines: ChainLines, act: () => Promise<void>): Promise<boolean> => {
  try {
    await act()
    return true
  } catch (error) {
    lines.refuse(judge(error).reason)
    return false
  }
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
