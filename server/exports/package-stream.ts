import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../shared/contract/errors.ts'
import type { ZipLayout } from '../../shared/exports/index.ts'
import type { KeptMembers } from './kept-members.ts'

const PIECE_BYTES = 256 * 1024

/**
 * The bytes of a package's ZIP from one place (included) to another (excluded), made of its files as they lie there, in
 * small pieces. Throws EXPORT_NOT_FOUND where a file is not there or not what the row says, and other failures as they are.
 */
export async function* streamPackage(
  folder: string,
  { members }: KeptMembers,
  layout: ZipLayout,
  range: { readonly from: number; readonly to: number },
): AsyncGenerator<Uint8Array> {
  for (const piece of layout.pieces(range.from, range.to)) {
    if (piece.kind === 'bytes') {
      yield piece.bytes
      continue
    }
    const member = members[piece.member]
    const gone = new AppError('EXPORT_NOT_FOUND', { reason: 'file' })
    if (!member) throw gone
    const file = await open(join(folder, member.name), 'r').catch((error: NodeJS.ErrnoException) => {
      // Not there: removed meanwhile. What cannot be opened for any other reason is there all the same.
      throw error.code === 'ENOENT' ? gone : error
    })
    try {
      if ((await file.stat()).size !== member.bytes) throw gone
      yield* readFrom(file, piece.offset, piece.length)
    } finally {
      await file.close()
    }
  }
}

async function* readFrom(file: FileHandle, offset: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length;) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length - at))
    const { bytesRead } = await file.read(piece, 0, piece.length, offset + at)
    if (bytesRead === 0) throw new AppError('EXPORT_NOT_FOUND', { reason: 'file' })
    yield piece.subarray(0, bytesRead)
    at += bytesRead
  }
}
