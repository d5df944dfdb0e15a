import { signatureAppearance } from './appearance.ts'
import { formOf, readFields, type SignatureField } from './form-fields.ts'
import { boxOf, findPage } from './page-tree.ts'
import { refuse } from './pades-error.ts'
import type { PdfAppearance, PreparedPdf } from './pades-types.ts'
import { PdfFile } from './pdf-file.ts'
import {
  pdfArray,
  pdfDict,
  pdfName,
  pdfNumber,
  pdfText,
  withEntries,
  type PdfDict,
  type PdfRef,
  type PdfValue,
} from './pdf-value.ts'
import { PdfUpdate, writeValue } from './pdf-write.ts'

/** A certificate path of 8, a time-stamp and lists inside stay far below. */
const MAX_RESERVE = 1024 * 1024
/** Print, and locked (ISO 32000-1 12.5.3). */
const FLAGS = 132
/** As wide as `[0 9999999999 9999999999 9999999999]`. */
const RANGE_ROOM = 38

export interface Hole {
  readonly pdf: Uint8Array
  readonly kind: 'signature' | 'time-stamp'
  readonly reserve: number
  readonly fieldName?: string
  readonly appearance?: PdfAppearance
  readonly certify?: 1 | 2 | 3
  /** Further entries of the signature dictionary. */
  readonly entries: Readonly<Record<string, PdfValue | null>>
}

/**
 * The file with a signature field whose signature is still to come: a later revision (ISO 32000-1 12.7.4.5, 12.8.1).
 * What is signed is `[0, range[1])` and `[range[2], end)`. Throws PadesError.
 */
export function preparePdf(hole: Hole): PreparedPdf {
  const { kind, reserve } = hole
  if (!Number.isInteger(reserve) || reserve < 1 || reserve > MAX_RESERVE) {
    refuse('placeholder', 'octets for a signature', { reserve, limit: MAX_RESERVE })
  }
  const file = new PdfFile(hole.pdf)
  const { signatures, names } = readFields(file)
  verifyPermitted(file, signatures, kind, hole.certify)
  const update = new PdfUpdate(file)
  const dictText = signatureDictText(hole)
  const signature = update.add({ kind: 'raw', text: dictText })
  const empty = findEmpty(signatures, names, hole)
  if (empty) fillField(update, empty, signature, hole.appearance)
  else addField(update, nameFor(names, hole), signature, hole.appearance)
  if (hole.certify) {
    const catalog = update.dict(file.rootRef, 'catalog')
    const perms = file.optionalDict(catalog.entries.get('Perms'), 'ISO 32000-1 12.8.4: Perms') ?? pdfDict({})
    update.set(file.rootRef, withEntries(catalog, { Perms: withEntries(perms, { DocMDP: signature }) }))
  }
  const { pdf, offsets } = update.finish()
  const begin = (offsets.get(signature.number) ?? 0) + `${signature.number} 0 obj\n`.length
  const start = begin + dictText.indexOf(CONTENTS) + CONTENTS.length
  const end = start + 2 * reserve + 2
  const byteRange = [0, start, end, pdf.length - end] as const
  const rangeText = `[${byteRange.join(' ')}]`.padEnd(RANGE_ROOM)
  pdf.set(
    Uint8Array.from(rangeText, (one) => one.charCodeAt(0)),
    begin + dictText.indexOf(RANGE) + RANGE.length,
  )
  return { pdf, byteRange, reserve }
}

/** The prepared file with the signature in its hole; the rest of the hole is zeros (12.8.1). Throws `placeholder`. */
export function fillPdf({ pdf, byteRange, reserve }: PreparedPdf, cms: Uint8Array): Uint8Array {
  if (cms.length > reserve) {
    refuse('placeholder', 'ISO 32000-1 12.8.1: Contents too small', { needed: cms.length, reserved: reserve })
  }
  const out = new Uint8Array(pdf)
  for (const [i, byte] of cms.entries()) {
    const hex = byte.toString(16).padStart(2, '0')
    out[byteRange[1] + 1 + 2 * i] = hex.charCodeAt(0)
    out[byteRange[1] + 2 + 2 * i] = hex.charCodeAt(1)
  }
  return out
}

const RANGE = '/ByteRange '
const CONTENTS = '/Contents '

function signatureDictText({ kind, reserve, entries, certify }: Hole): string {
  const params = pdfDict({
    Type: pdfName('TransformParams'),
    P: pdfNumber(certify ?? 0),
    V: pdfName('1.2'),
  })
  const reference = pdfDict({
    Type: pdfName('SigRef'),
    TransformMethod: pdfName('DocMDP'),
    TransformParams: params,
  })
  const dict = pdfDict({
    Type: pdfName(kind === 'signature' ? 'Sig' : 'DocTimeStamp'),
    Filter: pdfName('Adobe.PPKLite'),
    SubFilter: pdfName(kind === 'signature' ? 'ETSI.CAdES.detached' : 'ETSI.RFC3161'),
    ...entries,
    Reference: certify ? pdfArray(reference) : null,
  })
  const hole = `${RANGE}${' '.repeat(RANGE_ROOM)} ${CONTENTS}<${'0'.repeat(2 * reserve)}>`
  // These two come first: a reason could hold their names as text.
  return `<<${hole} ${writeValue(dict).slice(2)}`
}

/** 12.8.2.2: what is certified as final takes no further signature, and only the first can certify. */
function verifyPermitted(
  file: PdfFile,
  signatures: readonly SignatureField[],
  kind: Hole['kind'],
  certify: Hole['certify'],
): void {
  const signed = signatures.filter(({ value }) => value)
  if (certify && signed.length > 0) refuse('not-permitted', 'ISO 32000-1 12.8.2.2: only the first can certify')
  if (kind === 'signature' && signed.some(({ value }) => certificationOf(file, value) === 1)) {
    refuse('not-permitted', 'ISO 32000-1 12.8.2.2: DocMDP 1')
  }
}

/** `P` of a DocMDP transform, 2 where it is left out; null where the signature is none. */
export function certificationOf(file: PdfFile, value: PdfValue | null): 1 | 2 | 3 | null {
  const dict = file.optionalDict(value ?? undefined, 'ISO 32000-1 12.8.1: signature')
  const clause = 'ISO 32000-1 12.8.2.2: DocMDP'
  const found = file.items(dict?.entries.get('Reference'), `${clause}: Reference`).flatMap((item) => {
    const reference = file.dict(item, clause)
    const method = file.resolve(reference.entries.get('TransformMethod'))
    if (method.kind !== 'name' || method.name !== 'DocMDP') return []
    const params = file.optionalDict(reference.entries.get('TransformParams'), clause)
    const level = file.resolve(params?.entries.get('P'))
    if (level.kind === 'null') return [2 as const]
    if (level.kind !== 'number') return refuse('signature-dictionary', clause)
    const known = ([1, 2, 3] as const).find((one) => one === level.value)
    return [known ?? refuse('signature-dictionary', clause, { level: level.value })]
  })
  if (found.length > 1) refuse('signature-dictionary', `${clause} twice`)
  return found[0] ?? null
}

function findEmpty(
  signatures: readonly SignatureField[],
  names: ReadonlySet<string>,
  { fieldName, kind }: Hole,
): SignatureField | null {
  if (fieldName === undefined) return kind === 'time-stamp' ? null : (signatures.find(({ value }) => !value) ?? null)
  const named = signatures.find(({ name }) => name === fieldName)
  if (!named && names.has(fieldName)) refuse('field-name', 'ISO 32000-1 12.7.4.5: no signature field', { fieldName })
  if (named?.value) refuse('field-name', 'ISO 32000-1 12.7.4.5: signed already', { fieldName })
  return named ?? null
}

function nameFor(names: ReadonlySet<string>, { fieldName, kind }: Hole): string {
  if (fieldName !== undefined) {
    return /^[^.\p{Cc}]{1,100}$/u.test(fieldName) ? fieldName : refuse('field-name', 'ISO 32000-1 12.7.3.2')
  }
  const stem = kind === 'signature' ? 'Signature' : 'TimeStamp'
  let count = 1
  while (names.has(`${stem}${count}`)) count++
  return `${stem}${count}`
}

function fillField(
  update: PdfUpdate,
  { ref, dict, name }: SignatureField,
  signature: PdfRef,
  appearance: PdfAppearance | undefined,
): void {
  const box = boxOf(update.file, dict.entries.get('Rect'))
  if (!box) return refuse('field-name', 'ISO 32000-1 12.5.6.19: field and widget in one', { fieldName: name })
  const drawn = appearance ? { AP: appearanceOf(update, box, appearance.lines) } : {}
  update.set(ref, withEntries(dict, { V: signature, F: pdfNumber(FLAGS), ...drawn }))
  const form = formOf(update.file)
  if (form) setForm(update, withEntries(form, { SigFlags: pdfNumber(3) }))
}

function appearanceOf(update: PdfUpdate, box: readonly number[], lines: readonly string[]): PdfDict {
  const [left = 0, bottom = 0, right = 0, top = 0] = box
  return pdfDict({ N: update.add(signatureAppearance(Math.abs(right - left), Math.abs(top - bottom), lines)) })
}

function addField(update: PdfUpdate, name: string, signature: PdfRef, appearance: PdfAppearance | undefined): void {
  const { file } = update
  const page = findPage(file, appearance?.page ?? 0)
  const [left, bottom] = page.mediaBox
  const box = appearance ? (appearance.box ?? [left + 48, bottom + 48, left + 288, bottom + 108]) : [0, 0, 0, 0]
  if (appearance && (box[2]! <= box[0]! || box[3]! <= box[1]!)) refuse('invalid-input', 'box of the signature')
  const field = update.add(
    pdfDict({
      Type: pdfName('Annot'),
      Subtype: pdfName('Widget'),
      FT: pdfName('Sig'),
      T: pdfText(name),
      V: signature,
      Rect: pdfArray(...box.map(pdfNumber)),
      F: pdfNumber(FLAGS),
      P: page.ref,
      AP: appearance ? appearanceOf(update, box, appearance.lines) : null,
    }),
  )
  const annots = page.dict.entries.get('Annots')
  const widgets = pdfArray(...file.items(annots, 'ISO 32000-1 12.5.2: Annots'), field)
  if (annots?.kind === 'ref') update.set(annots, widgets)
  else update.set(page.ref, withEntries(page.dict, { Annots: widgets }))

  const form = formOf(file) ?? pdfDict({})
  const fields = form.entries.get('Fields')
  const list = pdfArray(...file.items(fields, 'ISO 32000-1 12.7.2: Fields'), field)
  const flags = { SigFlags: pdfNumber(3) }
  if (fields?.kind === 'ref') update.set(fields, list)
  setForm(update, withEntries(form, fields?.kind === 'ref' ? flags : { Fields: list, ...flags }))
}

/** The form where it stands: an object of its own, or inside the catalog. */
function setForm(update: PdfUpdate, form: PdfDict): void {
  const { rootRef } = update.file
  const catalog = update.dict(rootRef, 'ISO 32000-1 7.7.2: catalog')
  const at = catalog.entries.get('AcroForm')
  if (at?.kind === 'ref') update.set(at, form)
  else update.set(rootRef, withEntries(catalog, { AcroForm: at ? form : update.add(form) }))
}
