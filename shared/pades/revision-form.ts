import { formOf, readFields, type SignatureField } from './form-fields.ts'
import { boxOf } from './page-tree.ts'
import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import { isSameDict, pdfDict, type PdfDict, type PdfRef } from './pdf-value.ts'
import { isNamed, SHADOW, type Changes } from './revision-changes.ts'

/** What a signature field added later may say; nothing that acts, nothing that shows. */
const FIELD_KEYS = 'Type Subtype FT T TU V Rect F Ff P AP Lock SV MK Border'.split(' ')
/** What changes in an empty signature field when it is signed. */
const FILLED_KEYS: readonly string[] = ['V', 'AP', 'F', 'M']
const APPEARANCE_KEYS: readonly string[] = ['N', 'R', 'D']
/** Points squared; a page has 500,000. What an empty field shows once it is signed was not there at signing. */
const MAX_BOX = 40_000
const OVER_PAGE = `${SHADOW}: a box over the page`

export interface AddedSignature {
  readonly name: string
  readonly kind: 'signature' | 'time-stamp'
}

/** The form as it was, with signature fields added that nobody sees, or empty ones signed (12.7.2, 12.7.4.5). */
export function verifyForm(changes: Changes): readonly AddedSignature[] {
  const { signed, file } = changes
  const before = formOf(signed)
  const after = formOf(file)
  if (!after) return before ? refuse('changed-form', SHADOW) : []
  if (!isSameDict(before ?? pdfDict({}), after, ['Fields', 'SigFlags'])) refuse('changed-form', SHADOW)
  for (const flags of [before?.entries.get('SigFlags'), after.entries.get('SigFlags')]) {
    if (flags && flags.kind !== 'number') refuse('changed-form', 'ISO 32000-1 12.7.2: SigFlags')
  }
  const added = changes.appended(before?.entries.get('Fields'), after.entries.get('Fields'), 'changed-form')
  changes.explainIfSame(signed.root.entries.get('AcroForm'), file.root.entries.get('AcroForm'))
  const fields = readFields(file).signatures
  return [...verifyAdded(changes, added, fields), ...verifyFilled(changes, fields)]
}

function verifyAdded(changes: Changes, added: readonly PdfRef[], fields: readonly SignatureField[]): AddedSignature[] {
  const pages = new Set<number>()
  const signatures = added.map((item) => {
    const field = fields.find(({ ref }) => ref.number === item.number)
    if (!field || changes.isThere(item.number)) return refuse('changed-form', `${SHADOW}: field`)
    verifyUnseen(changes, field.dict)
    changes.explain(item.number)
    const page = field.dict.entries.get('P')
    if (page?.kind === 'ref') pages.add(page.number)
    return signatureOf(changes, field)
  })
  for (const page of pages) verifyPage(changes, page, new Set(added.map(({ number }) => number)))
  return signatures
}

/** A field for a signature, seen nowhere on the page: shown, it could cover what was signed. */
function verifyUnseen({ file }: Changes, dict: PdfDict): void {
  const strange = [...dict.entries.keys()].find((key) => !FIELD_KEYS.includes(key))
  if (strange !== undefined) refuse('changed-form', `${SHADOW}: field`, { key: strange.slice(0, 40) })
  if (!isNamed(dict, 'Sig', 'FT') || !isNamed(dict, 'Widget', 'Subtype')) refuse('changed-form', `${SHADOW}: field`)
  const box = boxOf(file, dict.entries.get('Rect'))
  if (!box || (box[0] !== box[2] && box[1] !== box[3])) refuse('visible-addition', OVER_PAGE)
}

function verifyFilled(changes: Changes, fields: readonly SignatureField[]): AddedSignature[] {
  return readFields(changes.signed).signatures.flatMap((field) => {
    const now = fields.find(({ ref }) => ref.number === field.ref.number)
    if (!now) return refuse('changed-form', `${SHADOW}: field`)
    if (field.value || !now.value) return []
    if (!isSameDict(field.dict, now.dict, FILLED_KEYS)) refuse('changed-form', `${SHADOW}: field`)
    // The same object could also be a dictionary of fonts or images under these names.
    if (!isWidget(changes.signed, field.dict) || !isWidget(changes.file, now.dict))
      refuse('changed-form', `${SHADOW}: field`)
    const [left = 0, bottom = 0, right = 0, top = 0] = boxOf(changes.file, field.dict.entries.get('Rect')) ?? []
    if (Math.abs((right - left) * (top - bottom)) > MAX_BOX) refuse('visible-addition', OVER_PAGE)
    changes.explain(field.ref.number)
    return [signatureOf(changes, now)]
  })
}

/** Flags, date and appearance of a widget, where they are given, are what they should be. */
function isWidget(file: PdfFile, { entries }: PdfDict): boolean {
  const flags = entries.get('F')
  const date = entries.get('M')
  const appearance = entries.get('AP')
  if ((flags && flags.kind !== 'number') || (date && date.kind !== 'string')) return false
  if (!appearance) return true
  const dict = file.resolve(appearance)
  return dict.kind === 'dict' && [...dict.entries.keys()].every((key) => APPEARANCE_KEYS.includes(key))
}

/** The field's signature with all that is new below it. */
function signatureOf(changes: Changes, { name, dict }: SignatureField): AddedSignature {
  const signature = changes.file.dict(dict.entries.get('V'), 'ISO 32000-1 12.8.1: signature')
  for (const [key, one] of dict.entries) if (key !== 'P') changes.explainBelow(one)
  return { name, kind: isNamed(signature, 'DocTimeStamp') ? 'time-stamp' : 'signature' }
}

/** A page as it was, but for widgets of signatures (12.5.2). */
function verifyPage(changes: Changes, number: number, added: ReadonlySet<number>): void {
  const before = changes.signed.load(number)
  const after = changes.file.load(number)
  const isPage = before.kind === 'dict' && after.kind === 'dict' && isNamed(before, 'Page')
  if (!isPage) return refuse('changed-page', `${SHADOW}: no page`, { number })
  if (!isSameDict(before, after, ['Annots'])) refuse('changed-page', SHADOW, { number })
  const annotations = changes.appended(before.entries.get('Annots'), after.entries.get('Annots'), 'changed-page')
  const strange = annotations.find((one) => !added.has(one.number))
  if (strange) refuse('changed-page', `${SHADOW}: annotation`, { number: strange.number })
  changes.explain(number)
}
