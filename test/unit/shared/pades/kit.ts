import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib'
import {
  addDocTimeStamp,
  addPdfValidationData,
  PadesError,
  signPdf,
  verifyPades,
  type PadesToVerify,
  type PdfSignatureFields,
  type TimeStampSource,
  type VerifiedPades,
} from '../../../../shared/pades/index.ts'
import { PkiError, type Certificate, type SignatureAlgorithm } from '../../../../shared/pki/index.ts'
import {
  AT,
  certify,
  crlOf,
  days,
  LEAF_FIELDS,
  rootAuthority,
  subAuthority,
  testKey,
  type Authority,
  type TestKey,
} from '../pki/authority.ts'
import { makeToken } from '../pki/tsa.ts'

/** A signer below root and issuing authority, time-stamping authorities, and lists about all of them. */
export interface World {
  /** When it is signed; lists are of two minutes later, certificates live thirty days around. */
  readonly at: Date
  readonly root: Authority
  readonly sub: Authority
  readonly key: TestKey
  readonly leaf: Certificate
  readonly stampRoot: Authority
  readonly stampKey: TestKey
  readonly stampLeaf: Certificate
  readonly crls: readonly Uint8Array[]
}

export async function makeWorld(algorithm: SignatureAlgorithm = 'ecdsa-sha256', at = AT): Promise<World> {
  const life = { notBefore: after(at, -30 * 1440), notAfter: after(at, 30 * 1440) }
  const root = await rootAuthority(life)
  const sub = await subAuthority(root, life, testKey(algorithm))
  const key = testKey(algorithm)
  const leaf = await certify(key, sub, { ...LEAF_FIELDS, ...life, name: 'Signer' })
  const stampRoot = await rootAuthority({ ...life, name: 'Time root' }, testKey('rsa-sha256'))
  const stampKey = testKey('rsa-sha256')
  const stampLeaf = await certify(stampKey, stampRoot, {
    ...life,
    name: 'Time',
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.8'],
    extendedKeyUsageCritical: true,
  })
  const times = { thisUpdate: after(at, 2), nextUpdate: after(at, 1440) }
  const lists = [root, sub, stampRoot].map((one) => crlOf(one, [], times))
  const crls = (await Promise.all(lists)).map(({ der }) => der)
  return { at, root, sub, key, leaf, stampRoot, stampKey, stampLeaf, crls }
}

export const generalized = (at: Date): string => `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`

export const stampAt =
  ({ stampKey, stampLeaf }: World, at: Date): TimeStampSource =>
  ({ hash, digest }) =>
    makeToken({ key: stampKey, certificate: stampLeaf, hash, imprint: digest, genTime: generalized(at) })

export const after = (at: Date, minutes: number): Date => new Date(at.getTime() + minutes * 60_000)

export const sign = (world: World, pdf: Uint8Array, more: Partial<PdfSignatureFields> = {}): Promise<Uint8Array> =>
  signPdf({
    pdf,
    signer: world.key,
    certificate: world.leaf.der,
    chain: [world.sub.certificate.der],
    claimedAt: world.at,
    ...more,
  })

export const dataOf = ({ root, sub, stampRoot, stampLeaf, crls }: World) => ({
  certificates: [root.certificate, sub.certificate, stampRoot.certificate, stampLeaf].map(({ der }) => der),
  crls,
  ocsp: [],
})

export const newerList = async ({ sub, at }: World): Promise<Uint8Array> =>
  (await crlOf(sub, [], { number: 2n, thisUpdate: after(at, 3), nextUpdate: after(at, 2880) })).der

/** The same file at every level. */
export async function levelsOf(world: World, pdf: Uint8Array): Promise<Readonly<Record<string, Uint8Array>>> {
  const basic = await sign(world, pdf)
  const timed = await sign(world, pdf, { timeStamp: stampAt(world, after(world.at, 1)) })
  const lasting = addPdfValidationData({ pdf: timed, ...dataOf(world), at: after(world.at, 2) })
  const archived = await addDocTimeStamp({ pdf: lasting, timeStamp: stampAt(world, after(world.at, 3)) })
  const fresh = addPdfValidationData({
    pdf: archived,
    certificates: [],
    crls: [await newerList(world)],
    ocsp: [],
  })
  const renewed = await addDocTimeStamp({ pdf: fresh, timeStamp: stampAt(world, after(world.at, 4)) })
  return { 'B-B': basic, 'B-T': timed, 'B-LT': lasting, 'B-LTA': archived, renewed }
}

export const trustOf = ({ at, root, stampRoot }: World): Omit<PadesToVerify, 'pdf'> => ({
  anchors: [root.certificate],
  timeStampAnchors: [stampRoot.certificate],
  revocation: 'none',
  now: after(at, 10),
})

export const judge = (world: World, pdf: Uint8Array, more: Partial<PadesToVerify> = {}): VerifiedPades =>
  verifyPades({ ...trustOf(world), pdf, ...more })

/** The reason of the refusal, `ok` where there was none; anything but the two errors goes through. */
export function reason(act: () => unknown): string {
  try {
    act()
    return 'ok'
  } catch (error) {
    if (error instanceof PadesError || error instanceof PkiError) return error.reason
    throw error
  }
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A PDF of objects given as text, with a table that fits; object 1 is the catalog. */
export function writePdf(objects: readonly string[], trailer = ''): Uint8Array {
  let text = '%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n'
  const offsets = objects.map((object, i) => {
    const at = text.length
    text += `${i + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const row = (at: number) => `${String(at).padStart(10, '0')} 00000 n \n`
  const startxref = text.length
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map(row).join('')}`
  text += `trailer\n<</Size ${objects.length + 1} /Root 1 0 R${trailer}>>\nstartxref\n${startxref}\n%%EOF\n`
  return bytesOf(text)
}

/** Objects appended as an update would; what stands in the trailer may be changed. */
export function appendPdf(
  pdf: Uint8Array,
  objects: Readonly<Record<number, string>>,
  options: {
    readonly size?: number
    readonly root?: number
    readonly trailer?: string
    readonly prev?: number
    readonly more?: string
  } = {},
): Uint8Array {
  let text = latin1(pdf)
  const before = [...text.matchAll(/startxref\s+(\d+)/g)].at(-1)?.[1] ?? '0'
  const sizes = [...text.matchAll(/\/Size (\d+)/g)].map((one) => Number(one[1]))
  let table = ''
  for (const [number, object] of Object.entries(objects)) {
    table += `${number} 1\n${String(text.length).padStart(10, '0')} 00000 n \n`
    text += `${number} 0 obj\n${object}\nendobj\n`
  }
  text += options.more ?? ''
  const startxref = text.length
  const size = options.size ?? Math.max(...sizes, ...Object.keys(objects).map((one) => Number(one) + 1))
  const trailer = `/Size ${size} /Root ${options.root ?? 1} 0 R /Prev ${options.prev ?? before}${options.trailer ?? ''}`
  text += `xref\n${table}trailer\n<<${trailer}>>\nstartxref\n${startxref}\n%%EOF\n`
  return bytesOf(text)
}

/** The same with a cross-reference stream; `packed`: number, container and index of objects in object streams. */
export function appendPackedPdf(
  pdf: Uint8Array,
  objects: Readonly<Record<number, string>>,
  packed: readonly (readonly [number, number, number])[] = [],
): Uint8Array {
  let text = latin1(pdf)
  const before = [...text.matchAll(/startxref\s+(\d+)/g)].at(-1)?.[1] ?? '0'
  const root = [...text.matchAll(/\/Root (\d+ \d+ R)/g)].at(-1)?.[1] ?? ''
  const id = [...text.matchAll(/\/ID ?(\[[^\]]*\])/g)].at(-1)?.[1]
  const info = [...text.matchAll(/\/Info (\d+ \d+ R)/g)].at(-1)?.[1]
  const sizes = [...text.matchAll(/\/Size (\d+)/g)].map((one) => Number(one[1]))
  const rows: number[][] = []
  const octets = (kind: number, value: number, last: number) => [
    kind,
    value >> 24,
    (value >> 16) & 255,
    (value >> 8) & 255,
    value & 255,
    last >> 8,
    last & 255,
  ]
  for (const [number, object] of Object.entries(objects)) {
    rows.push([Number(number), ...octets(1, text.length, 0)])
    text += `${number} 0 obj\n${object}\nendobj\n`
  }
  for (const [number, container, index] of packed) rows.push([number, ...octets(2, container, index)])
  const own = Math.max(...sizes, ...rows.map(([number = 0]) => number + 1))
  rows.push([own, ...octets(1, text.length, 0)])
  rows.sort(([a = 0], [b = 0]) => a - b)
  const data = rows.flatMap(([, ...row]) => row)
  const index = rows.map(([number = 0]) => `${number} 1`).join(' ')
  const kept = `/Root ${root}${id ? ` /ID ${id}` : ''}${info ? ` /Info ${info}` : ''}`
  const dict = `/Type /XRef /Size ${own + 1} /W [1 4 2] /Index [${index}] ${kept} /Prev ${before} /Length ${data.length}`
  const startxref = text.length
  text += `${own} 0 obj\n<<${dict}>>\nstream\n${String.fromCharCode(...data)}\nendstream\nendobj\n`
  return bytesOf(`${text}startxref\n${startxref}\n%%EOF\n`)
}

const CONTENT = 'BT /F1 24 Tf 72 700 Td (Pay 100 euro) Tj ET'

/** One page of text: 1 catalog, 2 pages, 3 page, 4 content, 5 font, 6 a stream that nothing shows. */
export function plainPdf(
  more: { readonly catalog?: string; readonly page?: string; readonly objects?: readonly string[] } = {},
): Uint8Array {
  return writePdf([
    `<</Type /Catalog /Pages 2 0 R${more.catalog ?? ''}>>`,
    '<</Type /Pages /Kids [3 0 R] /Count 1>>',
    `<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>${more.page ?? ''}>>`,
    `<</Length ${CONTENT.length}>>\nstream\n${CONTENT}\nendstream`,
    '<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>',
    '<</Length 12>>\nstream\nBT (hid) ET \nendstream',
    ...(more.objects ?? []),
  ])
}

/** Written by another library, with object streams and a cross-reference stream. */
export async function packedPdf(): Promise<Uint8Array> {
  const pdf = await PDFDocument.create()
  const font = await pdf.embedFont(StandardFonts.Helvetica)
  for (const text of ['One', 'Two', 'Three']) pdf.addPage([595, 842]).drawText(text, { x: 72, y: 700, font, size: 24 })
  pdf.setCreationDate(AT)
  pdf.setModificationDate(AT)
  return pdf.save({ useObjectStreams: true })
}

export { AT, days }
