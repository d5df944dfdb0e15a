import { crc32 } from './crc32.ts'
import { readZip, type RandomReader } from './zip-read.ts'

export interface PackageMember {
  readonly name: string
  readonly bytes: number
  /** As the ZIP's directory says; null in a folder. */
  readonly crc32: number | null
}

/** A package as a verifier reads it, from a ZIP or a folder. `read` gives exactly what was asked for, or throws. */
export interface PackageReader {
  /** In the order of the ZIP; of a folder in any order. */
  readonly members: readonly PackageMember[]
  /** Time of every member as the ZIP has it; null in a folder, which has no order and no time of its own. */
  readonly dosTime: number | null
  read(name: string, offset: number, length: number): Promise<Uint8Array>
}

/** A ZIP made as `zipLayout` makes it; throws REQUEST_INVALID with `zip-…` for any other. */
export const openZipPackage = async (reader: RandomReader): Promise<PackageReader> => {
  const { members, dosTime } = await readZip(reader)
  const offsets = new Map(members.map(({ name, offset }) => [name, offset]))
  return {
    members,
    dosTime,
    read: (name, offset, length) => reader.read((offsets.get(name) ?? 0) + offset, length),
  }
}

const CHUNK = 1024 * 1024

/** Bytes piece by piece; the next piece is being read while one is used. */
export async function* readPieces(
  size: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const next = (offset: number): Promise<Uint8Array> | null =>
    offset < size ? read(offset, Math.min(CHUNK, size - offset)) : null
  let ahead = next(0)
  for (let offset = 0; ahead; offset += CHUNK) {
    const piece = await ahead
    ahead = next(offset + CHUNK)
    // Whoever stops early never asks for it.
    ahead?.catch(() => undefined)
    yield piece
  }
}

/** A member in the same way. */
export const piecesOf = (reader: PackageReader, { name, bytes }: PackageMember): AsyncGenerator<Uint8Array> =>
  readPieces(bytes, (offset, length) => reader.read(name, offset, length))

/** CRC-32, where another implementation is quicker than ours. */
export type Crc32 = (bytes: Uint8Array, value?: number) => number
export const ownCrc32: Crc32 = crc32
