import { AppError } from '../contract/errors.ts'
import { isMemberName } from './members.ts'
import { MEMBERS_MAX } from './manifest.ts'
import { layoutOf, type ZipMember } from './zip-layout.ts'

/** Bytes that can be read anywhere: a file, a Blob, memory. Gives exactly `length` bytes or throws. */
export interface RandomReader {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface ReadZip {
  /** In the order of the directory, which is the order of the bytes. */
  readonly members: readonly (ZipMember & { readonly offset: number })[]
  /** Date and time as every header has them. */
  readonly dosTime: number
}

const END = 22
const ZIP64_END = 76
const DIRECTORY_MAX = MEMBERS_MAX * 200
const refused = (what: string): AppError => new AppError('REQUEST_INVALID', { reason: `zip-${what}` })

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const u64 = (data: DataView, at: number): number => {
  const value = data.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refused('size')
  return Number(value)
}

interface Directory {
  readonly offset: number
  readonly length: number
  readonly count: number
}

/** APPNOTE 4.3.14 to 4.3.16; the last bytes of the file, so that nothing can stand behind them. */
const readEnd = async (reader: RandomReader): Promise<Directory> => {
  if (reader.size < END) throw refused('end')
  const length = Math.min(reader.size, END + ZIP64_END)
  const bytes = await reader.read(reader.size - length, length)
  const data = view(bytes)
  const at = length - END
  if (data.getUint32(at, true) !== 0x06054b50 || data.getUint16(at + 20, true) !== 0) throw refused('end')
  const plain = {
    count: data.getUint16(at + 10, true),
    length: data.getUint32(at + 12, true),
    offset: data.getUint32(at + 16, true),
  }
  const isLarge = plain.count === 0xffff || plain.length === 0xffffffff || plain.offset === 0xffffffff
  if (!isLarge) return plain
  if (at !== ZIP64_END || data.getUint32(0, true) !== 0x06064b50) throw refused('end')
  return { count: u64(data, 32), length: u64(data, 40), offset: u64(data, 48) }
}

/** One header of the directory. What it says beyond name, sizes and CRC is compared by the caller, as bytes. */
const readHeader = (data: DataView, at: number): { readonly member: ZipMember; readonly next: number } => {
  if (at + 46 > data.byteLength || data.getUint32(at, true) !== 0x02014b50) throw refused('directory')
  const nameLength = data.getUint16(at + 28, true)
  const extraLength = data.getUint16(at + 30, true)
  const next = at + 46 + nameLength + extraLength
  if (next > data.byteLength || nameLength === 0 || nameLength > 120) throw refused('directory')
  let name = ''
  for (let place = 0; place < nameLength; place += 1) name += String.fromCharCode(data.getUint8(at + 46 + place))
  if (!isMemberName(name)) throw refused('name')
  const plain = data.getUint32(at + 20, true)
  const isLarge = plain === 0xffffffff
  if (isLarge && extraLength < 20) throw refused('directory')
  const bytes = isLarge ? u64(data, at + 46 + nameLength + 4) : plain
  return { member: { name, bytes, crc32: data.getUint32(at + 16, true) }, next }
}

/**
 * Reads a package's ZIP and demands it byte for byte as `zipLayout` writes it: what two readers of ZIP could disagree
 * about (names that come twice, overlaps, gaps, data before or behind, a local header that says something else, comments,
 * extra fields, compression, encryption, absolute names) is refused, because it is not what the layout has. The members'
 * CRCs are the caller's to compare. Throws REQUEST_INVALID with `zip-…`, and what the reader throws.
 */
export const readZip = async (reader: RandomReader): Promise<ReadZip> => {
  const end = await readEnd(reader)
  const isInside = end.offset + end.length <= reader.size && end.length <= DIRECTORY_MAX && end.count <= MEMBERS_MAX
  if (!isInside) throw refused('directory')
  const directory = view(await reader.read(end.offset, end.length))
  if (end.count === 0 || directory.byteLength < 46) throw refused('directory')
  const dosTime = directory.getUint32(12, true)
  const members: ZipMember[] = []
  for (let at = 0; at < directory.byteLength;) {
    const { member, next } = readHeader(directory, at)
    members.push(member)
    at = next
  }
  if (members.length !== end.count) throw refused('directory')
  if (new Set(members.map(({ name }) => name)).size !== members.length) throw refused('name')
  return compareLayout(reader, members, dosTime)
}

const compareLayout = async (
  reader: RandomReader,
  members: readonly ZipMember[],
  dosTime: number,
): Promise<ReadZip> => {
  const layout = layoutOf(members, dosTime)
  if (layout.size !== reader.size) throw refused('size')
  let at = 0
  for (const piece of layout.pieces(0, layout.size)) {
    if (piece.kind === 'member') {
      at += piece.length
      continue
    }
    const found = await reader.read(at, piece.bytes.length)
    if (!piece.bytes.every((byte, place) => byte === found[place])) throw refused('header')
    at += piece.bytes.length
  }
  return { members: members.map((member, number) => ({ ...member, offset: layout.offsets[number] ?? 0 })), dosTime }
}
