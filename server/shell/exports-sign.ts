import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { link, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/contract/index.ts'
import { SignatureLevel } from '../../shared/contract/routes/exports.ts'
import { verifyBareSignature, type Report, type Trust } from '../../shared/exports/index.ts'
import { parseCertificate } from '../../shared/pki/index.ts'
import { newId } from '../db/index.ts'
import { fileContent } from '../signing/content.ts'
import { MAX_ATTACHED_BYTES, MAX_PDF_BYTES, type Signatures } from '../signing/signatures.ts'
import { readAnchors } from '../timestamp/client.ts'
import { need, type Answer, type Command, type CommandValues } from './command.ts'
import { openSignaturesHere } from './exports-orders.ts'
import type { WritingGround } from './ground.ts'
import { facts } from './print.ts'
import { shellAuthor } from './setup.ts'

const Format = z.enum(['cades', 'xades', 'pades'])
type Format = z.infer<typeof Format>
const MIME = 'application/octet-stream'

const wrong = (path: string, reason: string, cause?: unknown): never => {
  throw new AppError('REQUEST_INVALID', { path, reason }, cause === undefined ? {} : { cause })
}
const oneOf = <T>(schema: z.ZodType<T>, value: string, path: string): T => {
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : wrong(path, 'invalid')
}

interface SignOrder {
  readonly file: string
  readonly out: string
  readonly format: Format
  readonly level: SignatureLevel
  readonly attached: boolean
  readonly visible: boolean
  readonly force: boolean
  readonly reason: string
}

const outOf = (file: string, format: Format, attached: boolean): string => {
  if (format === 'pades') return `${file.replace(/\.pdf$/i, '')}.signed.pdf`
  return format === 'xades' ? `${file}.xades.xml` : `${file}.${attached ? 'p7m' : 'p7s'}`
}

/** Throws REQUEST_INVALID naming the option. */
export const parseSignOrder = (values: CommandValues): SignOrder => {
  const [word, ...more] = values.words ?? []
  if (word === undefined || more.length > 0) return wrong('FILE', word === undefined ? 'missing' : 'one-file')
  const format = oneOf(Format, values.format ?? 'cades', '--format')
  const attached = values.attached === true
  const visible = values.visible === true
  if (attached && format !== 'cades') wrong('--attached', 'cades-only')
  if (visible && format !== 'pades') wrong('--visible', 'pades-only')
  const file = resolve(word)
  const out = resolve(values.out ?? outOf(file, format, attached))
  if (out === file) wrong('--out', 'same-file')
  const level = oneOf(SignatureLevel, values.level ?? 'B-B', '--level')
  const reason = oneOf(z.string().trim().min(1).max(500), need(values, 'reason'), '--reason')
  return { file, out, format, level, attached, visible, force: values.force === true, reason }
}

/** Throws REQUEST_INVALID; SIGNING_TOO_LARGE (`most`) for what other programs could not verify. */
const assertSignable = async ({ file, format, attached }: SignOrder): Promise<Stats> => {
  const found = await stat(file).catch((cause: unknown) => wrong('FILE', 'unreadable', cause))
  if (!found.isFile()) wrong('FILE', 'no-file')
  const most = format === 'pades' ? MAX_PDF_BYTES : attached ? MAX_ATTACHED_BYTES : Number.MAX_SAFE_INTEGER
  if (found.size > most) throw new AppError('SIGNING_TOO_LARGE', { most, bytes: found.size })
  return found
}

const assertFree = async ({ out, force }: SignOrder): Promise<void> => {
  const there = await stat(out).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    return wrong('--out', 'unwritable', error)
  })
  if (there !== null && (!force || !there.isFile())) wrong('--out', 'exists')
}

const digestOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const part of createReadStream(file)) hash.update(part as Buffer)
  return hash.digest('hex')
}

const make = async (signatures: Signatures, order: SignOrder): Promise<Uint8Array> => {
  const { file, level, format, attached, visible, reason } = order
  if (format === 'pades') return signatures.pades(new Uint8Array(await readFile(file)), { level, visible, reason })
  if (format === 'xades') {
    const uri = encodeURIComponent(basename(file))
    return signatures.xadesDetached(fileContent(file), { level, mimeType: MIME, uri })
  }
  if (attached) return signatures.cadesAttached(new Uint8Array(await readFile(file)), { level })
  return signatures.cadesDetached(fileContent(file), { level, mimeType: MIME })
}

/** As anybody verifies it, with the roots of the key and of the time-stamping authorities as the only anchors. */
const judge = async (
  { config }: WritingGround,
  signatures: Signatures,
  { file, format }: SignOrder,
  signature: Uint8Array,
): Promise<Report> => {
  const { chain } = await signatures.signer()
  const root = chain.at(-1)
  const stampers = config.timestamping.authorities.flatMap(({ trustFile }) => readAnchors(trustFile))
  const trust: Trust = {
    anchors: [...(root === undefined ? [] : [parseCertificate(root)]), ...stampers],
    now: new Date(),
    revocation: 'none',
  }
  const handle = await open(file, 'r')
  try {
    const content = format === 'pades' ? null : { size: (await handle.stat()).size, read: readerOf(handle) }
    return await verifyBareSignature({ signature, content, name: basename(file) }, trust)
  } finally {
    await handle.close()
  }
}

const readerOf =
  (handle: FileHandle) =>
  async (offset: number, length: number): Promise<Uint8Array> => {
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await handle.read(buffer, 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }

/** Whole and durable under its name, or not there; over what is there only where that was asked for. */
const writeOut = async (order: SignOrder, bytes: Uint8Array): Promise<void> => {
  const { out, force } = order
  const next = join(dirname(out), `.${basename(out)}.${newId('part')}`)
  try {
    const file = await open(next, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await (force ? rename(next, out) : link(next, out))
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'exists' : 'unwritable'
    throw new AppError('REQUEST_INVALID', { path: '--out', reason }, { cause: error })
  } finally {
    await rm(next, { force: true })
  }
}

const run = async (ground: WritingGround, values: CommandValues): Promise<Answer> => {
  const order = parseSignOrder(values)
  const { size } = await assertSignable(order)
  await assertFree(order)
  const { tenant, changes, entered, terminal } = ground
  terminal.show(`signing ${basename(order.file)}`)
  try {
    const signatures = await openSignaturesHere(ground)
    if (order.level !== 'B-B' && !(await signatures.levels()).includes(order.level))
      throw new AppError('EXPORT_LEVEL_UNAVAILABLE', { level: order.level })
    const sha256 = await digestOf(order.file)
    const signature = await make(signatures, order)
    const report = await judge(ground, signatures, order, signature)
    // Somebody writes to it meanwhile: what is told in the audit would not be what was signed.
    if ((await digestOf(order.file)) !== sha256) return wrong('FILE', 'changed')
    if (report.indication !== 'TOTAL-PASSED')
      throw new AppError('INTERNAL', { reason: `own signature ${report.indication}` })
    const { name: signer, kind } = await signatures.signer()
    const { file, out, format, level, attached, reason } = order
    const told = { signed: basename(file), bytes: size, sha256, format, level, attached }
    // Kept before the signature leaves.
    await changes.as(shellAuthor(entered.correlationId)(tenant), (_trx, tell) =>
      tell({ action: 'KeyUse', object: { type: 'key', id: ground.config.signing.key.label }, after: told, reason }),
    )
    await writeOut(order, signature)
    const value = { file, out, format, level, attached, bytes: size, sha256, signer, keys: kind }
    return { value: { ...value, indication: report.indication }, text: facts(Object.entries(value)) }
  } finally {
    terminal.show('')
  }
}

export const exportsSign: Command = {
  access: 'write',
  summary:
    'sign any file with the key of exports, for --reason: cades (default; --attached up to 16 MB), xades beside it, or pades in a PDF (up to 256 MB; --visible); --level, --out, --force',
  words: 'FILE',
  run,
}
