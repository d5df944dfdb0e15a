import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import * as zlib from 'node:zlib'
import { AppError } from '../../shared/contract/errors.ts'
import {
  openZipPackage,
  unreadablePackage,
  verifyBareSignature,
  verifyPackage,
  type Crc32,
  type PackageReader,
  type Report,
  type Trust,
} from '../../shared/exports/index.ts'
import { parseArguments, UsageError, type Wanted } from './arguments.ts'
import { openFile, openFolder, readSmall, StrangerError } from './disk.ts'
import { ignoredLine, printed } from './print.ts'
import { SignatureThreads } from './signature-threads.ts'
import { readTrust } from './trust-files.ts'
import { usage } from './usage.ts'

/** What scripts go by. */
const EXIT: Readonly<Record<Report['indication'], number>> = { 'TOTAL-PASSED': 0, 'TOTAL-FAILED': 1, INDETERMINATE: 2 }
const EXIT_UNUSABLE = 3
const SIGNATURE_LIMIT = 256 * 1024 * 1024

interface Asked {
  readonly wanted: Wanted
  readonly trust: Trust
  readonly threads: URL
}

/** Quicker than ours, where this Node has it. */
const nodeCrc32 = (zlib as { readonly crc32?: Crc32 }).crc32

const verifyOpened = async (reader: PackageReader, { wanted, trust, threads }: Asked): Promise<Report> => {
  const pool = wanted.depth === 'full' ? new SignatureThreads(threads) : null
  try {
    return await verifyPackage(reader, {
      ...trust,
      depth: wanted.depth,
      ...(pool ? { pool } : {}),
      ...(nodeCrc32 ? { crc32: nodeCrc32 } : {}),
      ...(wanted.origins.length > 0 ? { origins: wanted.origins } : {}),
      ...(wanted.witnesses.length > 0 ? { witnesses: wanted.witnesses } : {}),
    })
  } finally {
    await pool?.close()
  }
}

const verifyZip = async (asked: Asked): Promise<Report> => {
  const { wanted } = asked
  const file = await openFile(wanted.file)
  try {
    return await verifyOpened(await openZipPackage(file), asked)
  } catch (error) {
    if (error instanceof AppError) return unreadablePackage(error, wanted.at)
    throw error
  } finally {
    await file.close()
  }
}

const verifyFolder = async (asked: Asked): Promise<Report> => {
  const { wanted } = asked
  try {
    const folder = await openFolder(wanted.file)
    if (folder.ignored.length > 0)
      process.stderr.write(`countersign-verify: ${ignoredLine(folder.ignored, wanted.language)}\n`)
    return await verifyOpened(folder, asked)
  } catch (error) {
    if (!(error instanceof StrangerError)) throw error
    return unreadablePackage(new AppError('REQUEST_INVALID', { reason: `member: ${error.message}` }), wanted.at)
  }
}

const verifySignature = async ({ file, signature }: Wanted, trust: Trust): Promise<Report> => {
  const bytes = await readSmall(signature ?? file, SIGNATURE_LIMIT)
  if (signature === null) return verifyBareSignature({ signature: bytes, content: null, name: null }, trust)
  const content = await openFile(file)
  try {
    return await verifyBareSignature({ signature: bytes, content, name: basename(file) }, trust)
  } finally {
    await content.close()
  }
}

const isZip = async (path: string): Promise<boolean> => {
  const file = await openFile(path)
  try {
    return file.size >= 4 && Buffer.from(await file.read(0, 4)).equals(Buffer.from('PK\u0003\u0004'))
  } finally {
    await file.close()
  }
}

const verify = async (wanted: Wanted, threads: URL): Promise<Report> => {
  const trust = await readTrust(wanted)
  const asked = { wanted, trust, threads }
  if (wanted.signature !== null) return verifySignature(wanted, trust)
  if ((await stat(wanted.file)).isDirectory()) return verifyFolder(asked)
  const isPackage = (await isZip(wanted.file)) || wanted.file.toLowerCase().endsWith('.zip')
  return isPackage ? verifyZip(asked) : verifySignature(wanted, trust)
}

const run = async (words: readonly string[], threads: URL): Promise<number> => {
  const locale = process.env['LC_ALL'] ?? process.env['LANG'] ?? ''
  if (words.length === 0 || words.includes('--help')) {
    process.stdout.write(usage(locale.startsWith('it') ? 'it' : 'en'))
    return words.length === 0 ? EXIT_UNUSABLE : 0
  }
  const wanted = parseArguments(words, new Date(), locale)
  const report = await verify(wanted, threads)
  process.stdout.write(
    wanted.isJson ? `${JSON.stringify(report, null, 2)}\n` : printed(report, wanted.file, wanted.language),
  )
  return EXIT[report.indication]
}

/** A sentence, never a stack: what cannot be read or was asked for wrongly is no verdict. */
const excuse = (error: unknown): string => {
  if (error instanceof UsageError || error instanceof RangeError) return error.message
  const { code, path } = error as { readonly code?: string; readonly path?: string }
  return code === undefined ? 'something broke that is no verdict' : `${path ?? 'file'}: ${code}`
}

/** From the words of a command line to the exit code. `threads`: the file that signatures are checked by. */
export const main = async (words: readonly string[], threads: URL): Promise<number> => {
  try {
    return await run(words, threads)
  } catch (error) {
    process.stderr.write(`countersign-verify: ${excuse(error)}\n`)
    return EXIT_UNUSABLE
  }
}
