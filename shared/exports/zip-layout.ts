import { AppError } from '../contract/errors.ts'
import { isMemberName } from './members.ts'

/** A member as it lies in the ZIP: stored, so its bytes are the file's. */
export interface ZipMember {
  readonly name: string
  readonly bytes: number
  readonly crc32: number
}

/** A part of the ZIP: bytes made here, or a stretch of a member. */
export type ZipPiece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'member'; readonly member: number; readonly offset: number; readonly length: number }

export interface ZipLayout {
  /** Of the whole ZIP, in bytes. */
  readonly size: number
  /** Where each member's bytes begin. */
  readonly offsets: readonly number[]
  /** What stands from byte `from` (included) to `to` (excluded), in order. Throws REQUEST_INVALID (`range`). */
  pieces(from: number, to: number): readonly ZipPiece[]
}

const LIMIT_32 = 0xffffffff
const LIMIT_16 = 0xffff
const STORED_VERSION = 10
const ZIP64_VERSION = 45

/** MS-DOS date and time (APPNOTE 4.4.6), of a UTC time in ms, two seconds fine; 1980 to 2107. */
export const dosTimeOf = (at: number): number => {
  const date = new Date(Math.min(Math.max(at, Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31, 23, 59, 58)))
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return ((day << 16) | time) >>> 0
}

class Bytes {
  readonly #view: DataView
  readonly bytes: Uint8Array
  #at = 0
  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = new DataView(this.bytes.buffer)
  }
  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true)
    this.#at += 2
    return this
  }
  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
    return this
  }
  u64(value: number): this {
    this.#view.setBigUint64(this.#at, BigInt(value), true)
    this.#at += 8
    return this
  }
  ascii(text: string): this {
    for (let place = 0; place < text.length; place += 1) this.bytes[this.#at + place] = text.charCodeAt(place)
    this.#at += text.length
    return this
  }
}

/** APPNOTE 4.3.7. Sizes are known before, so there is no data descriptor. */
const localHeader = ({ name, bytes, crc32 }: ZipMember, time: number): Uint8Array => {
  const isLarge = bytes >= LIMIT_32
  const header = new Bytes(30 + name.length + (isLarge ? 20 : 0)).u32(0x04034b50)
  header
    .u16(isLarge ? ZIP64_VERSION : STORED_VERSION)
    .u16(0)
    .u16(0)
    .u32(time)
    .u32(crc32)
  header.u32(isLarge ? LIMIT_32 : bytes).u32(isLarge ? LIMIT_32 : bytes)
  header
    .u16(name.length)
    .u16(isLarge ? 20 : 0)
    .ascii(name)
  // APPNOTE 4.5.3: in a local header both sizes are there.
  if (isLarge) header.u16(1).u16(16).u64(bytes).u64(bytes)
  return header.bytes
}

/** APPNOTE 4.3.12. */
const centralHeader = ({ name, bytes, crc32 }: ZipMember, offset: number, time: number): Uint8Array => {
  const isLarge = bytes >= LIMIT_32
  const isFar = offset >= LIMIT_32
  const extra = (isLarge ? 16 : 0) + (isFar ? 8 : 0)
  const version = isLarge || isFar ? ZIP64_VERSION : STORED_VERSION
  const header = new Bytes(46 + name.length + (extra > 0 ? extra + 4 : 0)).u32(0x02014b50)
  header.u16(version).u16(version).u16(0).u16(0).u32(time).u32(crc32)
  header.u32(isLarge ? LIMIT_32 : bytes).u32(isLarge ? LIMIT_32 : bytes)
  header
    .u16(name.length)
    .u16(extra > 0 ? extra + 4 : 0)
    .u16(0)
    .u16(0)
    .u16(0)
    .u32(0)
  header.u32(isFar ? LIMIT_32 : offset).ascii(name)
  if (extra > 0) header.u16(1).u16(extra)
  if (isLarge) header.u64(bytes).u64(bytes)
  if (isFar) header.u64(offset)
  return header.bytes
}

/** APPNOTE 4.3.14 to 4.3.16. */
const endRecords = (count: number, offset: number, length: number): Uint8Array => {
  const isLarge = count >= LIMIT_16 || offset >= LIMIT_32 || length >= LIMIT_32
  const end = new Bytes((isLarge ? 76 : 0) + 22)
  if (isLarge) {
    end.u32(0x06064b50).u64(44).u16(ZIP64_VERSION).u16(ZIP64_VERSION).u32(0).u32(0)
    end.u64(count).u64(count).u64(length).u64(offset)
    end
      .u32(0x07064b50)
      .u32(0)
      .u64(offset + length)
      .u32(1)
  }
  end.u32(0x06054b50).u16(0).u16(0)
  end.u16(Math.min(count, LIMIT_16)).u16(Math.min(count, LIMIT_16))
  end.u32(Math.min(length, LIMIT_32)).u32(Math.min(offset, LIMIT_32)).u16(0)
  return end.bytes
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

interface Stretch {
  readonly from: number
  readonly length: number
  /** Bytes made here, or the number of a member. */
  readonly of: Uint8Array | number
}

/**
 * A package as a ZIP (PKWARE APPNOTE 6.3): every member stored, one behind the other, nothing between, before or behind.
 * It is a function of names, sizes, CRCs and one time alone, so any range can be given without a second copy, and a
 * reader can demand it byte for byte. `at`: UTC in ms. Throws REQUEST_INVALID (`member`) for a name no package has or one
 * that comes twice.
 */
export const zipLayout = (members: readonly ZipMember[], at: number): ZipLayout => {
  const names = new Set(members.map(({ name }) => name))
  if (names.size !== members.length || !members.every(({ name }) => isMemberName(name)))
    throw new AppError('REQUEST_INVALID', { reason: 'member' })
  return layoutOf(members, dosTimeOf(at))
}

/** The same for the two fields as a header has them. */
export const layoutOf = (members: readonly ZipMember[], dosTime: number): ZipLayout => {
  const stretches: Stretch[] = []
  const central: Uint8Array[] = []
  const offsets: number[] = []
  let size = 0
  const put = (length: number, of: Uint8Array | number): void => {
    stretches.push({ from: size, length, of })
    size += length
  }
  for (const [number, member] of members.entries()) {
    central.push(centralHeader(member, size, dosTime))
    const local = localHeader(member, dosTime)
    put(local.length, local)
    offsets.push(size)
    put(member.bytes, number)
  }
  const directory = joined(central)
  const end = endRecords(members.length, size, directory.length)
  put(directory.length, directory)
  put(end.length, end)
  return {
    size,
    offsets,
    pieces: (from, to) => {
      const isRange = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to && to <= size
      if (!isRange) throw new AppError('REQUEST_INVALID', { reason: 'range' })
      return stretches.flatMap((stretch) => cut(stretch, from, to))
    },
  }
}

const cut = ({ from: start, length: whole, of }: Stretch, from: number, to: number): readonly ZipPiece[] => {
  const offset = Math.max(from - start, 0)
  const length = Math.min(to - start, whole) - offset
  if (length <= 0) return []
  if (typeof of === 'number') return [{ kind: 'member', member: of, offset, length }]
  return [{ kind: 'bytes', bytes: of.subarray(offset, offset + length) }]
}
