import { formOf, readFields } from './form-fields.ts'
import { boxOf } from './page-tree.ts'
import { refuse } from './pades-error.ts'
import { readStore } from './pades-dss.ts'
import type { PdfAddition } from './pades-types.ts'
import { TRAILER_PLACES, type PdfFile } from './pdf-file.ts'
import {
  isSameBytes,
  isSameDict,
  isSameValue,
  NULL,
  pdfDict,
  type PdfDict,
  type PdfStream,
  type PdfValue,
} from './pdf-value.ts'
import { changedEntries, reachOf, sectionsAfter, type Reach } from './revision-objects.ts'
import type { XrefEntry } from './pdf-xref.ts'

/** What a signature field added later may say; nothing that acts, nothing that shows. */
const FIELD_KEYS: readonly string[] = [
  'Type',
  'Subtype',
  'FT',
  'T',
  'V',
  'Rect',
  'F',
  'P',
  'AP',
  'Ff',
  'Lock',
  'SV',
  'MK',
  'Border',
  'TU',
]
/** What changes in an empty signature field when it is signed. */
const FILLED_KEYS: readonly string[] = ['V', 'AP', 'F', 'M', 'MK']
/** ISO 32000-1 table 50, and ISO 32000-2's addition. */
const EXTENSION_KEYS: readonly string[] = ['Type', 'BaseVersion', 'ExtensionLevel', 'URL', 'ExtensionRevision']
/** Points squared; a page has 500,000. What an empty field shows once it is signed was not there at signing. */
const MAX_BOX = 40_000
const CATALOG_KEYS: readonly string[] = ['DSS', 'AcroForm', 'Extensions', 'Version', 'Metadata']
const INFO_KEYS: readonly string[] = ['ModDate', 'Producer', 'Creator', 'CreationDate']
const SHADOW = 'ISO 32000-1 12.8.2: changed after signing'

export interface AddedSignature {
  readonly name: string
  readonly kind: 'signature' | 'time-stamp'
}

export interface Additions {
  readonly kinds: readonly PdfAddition[]
  readonly signatures: readonly AddedSignature[]
}

/**
 * What was added to a file after it was signed, and that it is nothing but validation data, document time-stamps and
 * further signatures without a place of their own on a page: every object that is new or other than at signing has to
 * have one of these reasons. The attacker holds the signed file and may append whatever he likes (shadow attacks:
 * hide, replace, hide and replace; incremental saving; annotations over content). Throws PadesError.
 */
export function compareRevisions(signed: PdfFile, file: PdfFile): Additions {
  const comparison = new Comparison(signed, file)
  comparison.trailer()
  comparison.catalog()
  comparison.form()
  comparison.store()
  comparison.information()
  comparison.rest()
  return comparison.additions()
}

class Comparison {
  readonly #signed: PdfFile
  readonly #file: PdfFile
  readonly #changed: ReadonlyMap<number, XrefEntry>
  /** Numbers with a reason to be new or other. */
  readonly #explained = new Set<number>()
  readonly #signatures: AddedSignature[] = []
  #hasData = false
  #reach: Reach | null = null
  #reachNow: Reach | null = null

  constructor(signed: PdfFile, file: PdfFile) {
    this.#signed = signed
    this.#file = file
    const later = sectionsAfter(signed, file)
    this.#changed = changedEntries(later, signed, file)
    for (const [number, entry] of this.#changed) {
      if (entry.kind === 'packed' && !this.#isThere(entry.container)) this.#explained.add(entry.container)
      const isSection = entry.kind === 'at' && later.some(({ offset }) => offset === entry.offset)
      if (isSection && !this.#isThere(number)) this.#explained.add(number)
    }
  }

  trailer(): void {
    const but = [...TRAILER_PLACES, 'Info', 'ID']
    if (!isSameDict(this.#signed.trailer, this.#file.trailer, but)) refuse('changed-catalog', `${SHADOW}: trailer`)
    const [before] = this.#signed.items(this.#signed.trailer.entries.get('ID'), 'ISO 32000-1 14.4')
    const [after] = this.#file.items(this.#file.trailer.entries.get('ID'), 'ISO 32000-1 14.4')
    if (before && !isSameValue(before, after ?? NULL)) refuse('changed-catalog', `${SHADOW}: ID`)
  }

  catalog(): void {
    const before = this.#signed.root
    const after = this.#file.root
    for (const key of new Set([...before.entries.keys(), ...after.entries.keys()])) {
      const same = isSameValue(before.entries.get(key) ?? NULL, after.entries.get(key) ?? NULL)
      if (!same && !CATALOG_KEYS.includes(key)) refuse('changed-catalog', SHADOW, { key: key.slice(0, 40) })
    }
    for (const { entries } of [before, after]) {
      const version = entries.get('Version')
      const isVersion = version?.kind === 'name' && /^[12]\.\d$/.test(version.name)
      if (version && !isVersion) refuse('changed-catalog', 'ISO 32000-1 7.7.2: Version')
    }
    this.#extensions(before.entries.get('Extensions'), after.entries.get('Extensions'))
    this.#metadata(before.entries.get('Metadata'), after.entries.get('Metadata'))
    this.#explain(this.#file.rootRef.number)
  }

  /** 14.3.2: what programs say of the file, beside Info; shown on no page, so it may not be what a page uses. */
  #metadata(before: PdfValue | undefined, after: PdfValue | undefined): void {
    if (isSameValue(before ?? NULL, after ?? NULL) && !this.#isChanged(after)) return
    const stream = this.#file.resolve(after)
    const isMetadata = stream.kind === 'stream' && isNamed(stream.dict, 'Metadata')
    const isShared = after?.kind === 'ref' && this.#reachOfSigned().objects.has(after.number)
    if (!isMetadata || isShared) refuse('changed-catalog', SHADOW, { key: 'Metadata' })
    this.#explain(after)
  }

  /** 7.12: developers' names with numbers; nothing that anything else than the catalog could use. */
  #extensions(before: PdfValue | undefined, after: PdfValue | undefined): void {
    if (isSameValue(before ?? NULL, after ?? NULL) && !this.#isChanged(after)) return
    for (const [file, value] of [
      [this.#signed, before],
      [this.#file, after],
    ] as const) {
      for (const [key, one] of file.optionalDict(value, 'ISO 32000-1 7.12')?.entries ?? []) {
        if (key === 'Type') continue
        for (const item of one.kind === 'array' ? one.items : [one]) {
          const keys = [...file.dict(item, 'ISO 32000-1 7.12').entries.keys()]
          if (keys.some((each) => !EXTENSION_KEYS.includes(each)))
            refuse('changed-catalog', SHADOW, { key: 'Extensions' })
          this.#explainNew(item)
        }
      }
    }
    this.#explainNew(after)
  }

  form(): void {
    const before = formOf(this.#signed)
    const after = formOf(this.#file)
    if (!after) return before ? refuse('changed-form', SHADOW) : undefined
    if (!isSameDict(before ?? pdfDict({}), after, ['Fields', 'SigFlags'])) refuse('changed-form', SHADOW)
    for (const flags of [before?.entries.get('SigFlags'), after.entries.get('SigFlags')]) {
      if (flags && flags.kind !== 'number') refuse('changed-form', 'ISO 32000-1 12.7.2: SigFlags')
    }
    const added = this.#appended(before?.entries.get('Fields'), after.entries.get('Fields'), 'changed-form')
    this.#explainIfSame(this.#signed.root.entries.get('AcroForm'), this.#file.root.entries.get('AcroForm'))

    const fields = readFields(this.#file).signatures
    const pages = new Set<number>()
    for (const item of added) {
      const field = fields.find(({ ref }) => ref.number === item.number)
      if (!field || this.#isThere(item.number)) return refuse('changed-form', `${SHADOW}: field`)
      this.#addedField(field.dict)
      this.#explain(item)
      this.#signature(field.name, field.dict)
      const page = field.dict.entries.get('P')
      if (page?.kind === 'ref') pages.add(page.number)
    }
    for (const { ref, name, value, dict } of readFields(this.#signed).signatures) {
      const now = fields.find((one) => one.ref.number === ref.number)
      if (!now) return refuse('changed-form', `${SHADOW}: field`)
      if (value || !now.value) continue
      if (!isSameDict(dict, now.dict, FILLED_KEYS)) refuse('changed-form', `${SHADOW}: field`)
      const [left = 0, bottom = 0, right = 0, top = 0] = boxOf(this.#file, dict.entries.get('Rect')) ?? []
      if (Math.abs((right - left) * (top - bottom)) > MAX_BOX)
        refuse('visible-addition', `${SHADOW}: a box over the page`)
      this.#explain(ref)
      this.#signature(name, now.dict)
    }
    for (const number of pages) this.#page(number, new Set(added.map((one) => one.number)))
  }

  /** A field for a signature, seen nowhere on the page: shown, it could cover what was signed. */
  #addedField(dict: PdfDict): void {
    const strange = [...dict.entries.keys()].find((key) => !FIELD_KEYS.includes(key))
    if (strange !== undefined) refuse('changed-form', `${SHADOW}: field`, { key: strange.slice(0, 40) })
    const is = (key: string, name: string) => {
      const value = dict.entries.get(key)
      return value?.kind === 'name' && value.name === name
    }
    if (!is('FT', 'Sig') || !is('Subtype', 'Widget')) refuse('changed-form', `${SHADOW}: field`)
    const box = boxOf(this.#file, dict.entries.get('Rect'))
    if (!box || (box[0] !== box[2] && box[1] !== box[3])) refuse('visible-addition', `${SHADOW}: a box over the page`)
  }

  /** The field's signature with all that is new below it. */
  #signature(name: string, field: PdfDict): void {
    const value = field.entries.get('V')
    const dict = this.#file.dict(value, 'ISO 32000-1 12.8.1: signature')
    const type = dict.entries.get('Type')
    const kind = type?.kind === 'name' && type.name === 'DocTimeStamp' ? 'time-stamp' : 'signature'
    this.#signatures.push({ name, kind })
    for (const [key, one] of field.entries) if (key !== 'P') this.#explainBelow(one, 0)
  }

  #page(number: number, added: ReadonlySet<number>): void {
    if (!this.#changed.has(number) && !this.#isThere(number)) return
    const before = this.#signed.load(number)
    const after = this.#file.load(number)
    const isPage = before.kind === 'dict' && after.kind === 'dict' && isNamed(before, 'Page')
    if (!isPage) return refuse('changed-page', `${SHADOW}: no page`, { number })
    if (!isSameDict(before, after, ['Annots'])) refuse('changed-page', SHADOW, { number })
    const annotations = this.#appended(before.entries.get('Annots'), after.entries.get('Annots'), 'changed-page')
    const strange = annotations.find((one) => !added.has(one.number))
    if (strange) refuse('changed-page', `${SHADOW}: annotation`, { number: strange.number })
    this.#explain(number)
  }

  /** References that a list has beyond those it had; it may not have lost or moved any. */
  #appended(
    before: PdfValue | undefined,
    after: PdfValue | undefined,
    reason: 'changed-form' | 'changed-page',
  ): readonly (PdfValue & { kind: 'ref' })[] {
    const old = this.#signed.items(before, SHADOW)
    const now = this.#file.items(after, SHADOW)
    if (!old.every((item, i) => isSameValue(item, now[i] ?? NULL))) refuse(reason, `${SHADOW}: list`)
    if (now.length > old.length) {
      // The same list could also be that of a page's contents, or of pages.
      const others = old.map((item) => this.#signed.resolve(item))
      const isFine = others.every((one) => one.kind === 'dict' && !isNamed(one, 'Page') && !isNamed(one, 'Pages'))
      if (!isFine) refuse(reason, `${SHADOW}: list`)
    }
    this.#explainIfSame(before, after)
    return now.slice(old.length).map((item) => (item.kind === 'ref' ? item : refuse(reason, `${SHADOW}: list`)))
  }

  store(): void {
    const before = readStore(this.#signed)
    const after = readStore(this.#file)
    for (const number of after.numbers) {
      if (!this.#changed.has(number)) continue
      // What the signed pages use may not become what somebody calls a certificate.
      if (this.#isThere(number) && this.#reachOfSigned().objects.has(number)) {
        refuse('changed-object', `${SHADOW}: used elsewhere`, { number })
      }
      this.#hasData = true
      this.#explain(number)
    }
    const isLost = (['certificates', 'crls', 'ocsp'] as const).some(
      (kind) => after.streams[kind].length < before.streams[kind].length,
    )
    if (isLost) refuse('validation-data', 'EN 319 142-1 5.4.2.2: data taken away')
    if (!this.#signed.root.entries.has('DSS') && after.dict) this.#hasData = true
  }

  /** Only who wrote the file, and when, as every program that appends says of itself. */
  information(): void {
    const before = this.#signed.trailer.entries.get('Info')
    const after = this.#file.trailer.entries.get('Info')
    const old = this.#signed.optionalDict(before, 'ISO 32000-1 14.3.3') ?? pdfDict({})
    const now = this.#file.optionalDict(after, 'ISO 32000-1 14.3.3') ?? pdfDict({})
    if (!isSameDict(old, now, INFO_KEYS)) refuse('changed-object', `${SHADOW}: Info`)
    for (const { entries } of [old, now]) {
      const isText = INFO_KEYS.every((key) => ['string', undefined].includes(entries.get(key)?.kind))
      if (!isText) refuse('changed-object', `${SHADOW}: Info`)
    }
    if (before || !after) this.#explainIfSame(before, after)
    else this.#explain(after)
  }

  /** Whatever is left has no reason. Written again as it was, an object is no change. */
  rest(): void {
    for (const [number, entry] of this.#changed) {
      if (!this.#isThere(number)) {
        if (entry.kind === 'free') continue
        // Pages signed may refer to it already: what was nothing then would be shown now.
        if (this.#reachOfSigned().missing.has(number)) refuse('unexpected-object', `${SHADOW}: referred to`, { number })
        // Nothing leads there any more, say a store that a newer one took the place of: nobody sees it.
        if (!this.#explained.has(number) && this.#reachOfFile().objects.has(number)) {
          refuse('unexpected-object', SHADOW, { number })
        }
      } else if (!this.#explained.has(number)) this.#unchanged(number, entry)
    }
  }

  #unchanged(number: number, entry: XrefEntry): void {
    const before = this.#signed.entries.get(number)
    const generation = before?.kind === 'at' ? before.generation : 0
    const old = this.#signed.load(number, generation)
    const isSame = entry.kind !== 'free' && this.#isSameObject(old, this.#file.load(number, generation))
    if (isSame) return
    if (old.kind === 'dict' && (isNamed(old, 'Page') || isNamed(old, 'Pages')))
      refuse('changed-page', SHADOW, { number })
    refuse('changed-object', SHADOW, { number })
  }

  #isSameObject(a: PdfValue | PdfStream, b: PdfValue | PdfStream): boolean {
    if (a.kind !== 'stream') return b.kind !== 'stream' && isSameValue(a, b)
    return (
      b.kind === 'stream' && isSameDict(a.dict, b.dict) && isSameBytes(this.#signed.rawData(a), this.#file.rawData(b))
    )
  }

  additions(): Additions {
    const has = (kind: AddedSignature['kind']) => this.#signatures.some((one) => one.kind === kind)
    const kinds: PdfAddition[] = []
    if (this.#hasData) kinds.push('validation-data')
    if (has('time-stamp')) kinds.push('time-stamp')
    if (has('signature')) kinds.push('signature')
    return { kinds, signatures: this.#signatures }
  }

  /** Was there an object of that number when it was signed? */
  #isThere(number: number): boolean {
    const entry = this.#signed.entries.get(number)
    return entry !== undefined && entry.kind !== 'free'
  }

  #explain(value: PdfValue | number | undefined): void {
    if (typeof value === 'number') this.#explained.add(value)
    else if (value?.kind === 'ref') this.#explained.add(value.number)
  }

  #isChanged(value: PdfValue | undefined): boolean {
    return value?.kind === 'ref' && this.#changed.has(value.number)
  }

  #explainNew(value: PdfValue | undefined): void {
    if (value?.kind === 'ref' && !this.#isThere(value.number)) this.#explain(value)
  }

  /** A changed object whose content was compared, where both revisions mean the same object, or the later a new one. */
  #explainIfSame(before: PdfValue | undefined, after: PdfValue | undefined): void {
    if (after?.kind !== 'ref') return
    if (!this.#isThere(after.number) || (before && isSameValue(before, after))) this.#explain(after)
  }

  /** All new objects below; what was there already is compared elsewhere. */
  #explainBelow(value: PdfValue | PdfStream, depth: number): void {
    if (depth > 64) refuse('too-large', 'nesting of objects')
    if (value.kind === 'array') for (const item of value.items) this.#explainBelow(item, depth + 1)
    else if (value.kind === 'dict') for (const item of value.entries.values()) this.#explainBelow(item, depth + 1)
    else if (value.kind === 'stream') this.#explainBelow(value.dict, depth + 1)
    else if (value.kind === 'ref' && !this.#isThere(value.number) && !this.#explained.has(value.number)) {
      this.#explain(value)
      this.#explainBelow(this.#file.load(value.number, value.generation), depth + 1)
    }
  }

  #reachOfFile(): Reach {
    this.#reachNow ??= reachOf(this.#file)
    return this.#reachNow
  }

  #reachOfSigned(): Reach {
    this.#reach ??= reachOf(this.#signed)
    return this.#reach
  }
}

function isNamed({ entries }: PdfDict, type: string): boolean {
  const value = entries.get('Type')
  return value?.kind === 'name' && value.name === type
}
