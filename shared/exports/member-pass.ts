import { AppError } from '../contract/errors.ts'
import { toHex } from '../pki/index.ts'
import { judge } from './indication.ts'
import type { Manifest } from './manifest.ts'
import { ownCrc32, piecesOf, type Crc32, type PackageMember, type PackageReader } from './package-reader.ts'
import { failed, passed, type Check } from './report.ts'
import { ContentDigests } from './signature-check.ts'

export interface PassOptions {
  readonly crc32?: Crc32
  /** Bytes of all members. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** Members as they were read: each is digested once, in the pass in which it is used. */
export class Members {
  readonly #reader: PackageReader
  readonly #options: PassOptions
  readonly #crc32: Crc32
  readonly #total: number
  readonly #byName: ReadonlyMap<string, PackageMember>
  readonly #digests = new Map<string, string>()
  #done = 0
  /** Members whose CRC is not the directory's. */
  readonly broken: string[] = []

  constructor(reader: PackageReader, options: PassOptions) {
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

  /** Passes a member by; `use` gets each piece. `content`: where more than SHA-256 is wanted of it. */
  async pass(
    member: PackageMember,
    use: (piece: Uint8Array) => void | Promise<void>,
    content = new ContentDigests(['sha256']),
  ): Promise<void> {
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
   * somebody writes to meanwhile. Throws REQUEST_INVALID for one that is too large.
   */
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

  /** The same, where a refusal is only that it cannot be had; an error of the reader is thrown. */
  async tryWhole(name: string, limit: number): Promise<Uint8Array | null> {
    try {
      return await this.whole(name, limit)
    } catch (error) {
      judge(error)
      return null
    }
  }
}

/** Every member that the manifest lists has the length and digest it says; those that no check needed are read here. */
export const checkMemberDigests = async ({ members: listed }: Manifest, members: Members): Promise<Check> => {
  const faults: string[] = []
  for (const { name, bytes, sha256 } of listed) {
    const member = members.find(name)
    if (!member) continue
    if (members.digestOf(name) === null) await members.pass(member, () => undefined)
    if (member.bytes !== bytes || members.digestOf(name) !== sha256) faults.push(name)
  }
  faults.push(...members.broken.filter((name) => !faults.includes(name)))
  const about = { check: 'members' } as const
  if (faults.length === 0) return passed({ ...about, facts: { count: listed.length } })
  const failure = { code: 'differs', sub: 'HASH_FAILURE', indication: 'TOTAL-FAILED' } as const
  return failed({ ...about, ...failure, facts: { names: faults.join(', ') } })
}
