import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import {
  isSameBytes,
  isSameDict,
  isSameValue,
  NULL,
  type PdfDict,
  type PdfRef,
  type PdfStream,
  type PdfValue,
} from './pdf-value.ts'
import { changedEntries, reachOf, sectionsAfter, type Reach } from './revision-objects.ts'
import type { XrefEntry } from './pdf-xref.ts'

export const SHADOW = 'ISO 32000-1 12.8.2: changed after signing'

/**
 * What changed in a file since it was signed, and of which of it somebody has said why. An object that was there is
 * explained only by who has compared all of it: it may serve in other places than the one looked at, since the attacker
 * may have written the file that was signed.
 */
export class Changes {
  readonly signed: PdfFile
  readonly file: PdfFile
  readonly entries: ReadonlyMap<number, XrefEntry>
  readonly #explained = new Set<number>()
  #reachOfSigned: Reach | null = null
  #reachOfFile: Reach | null = null

  constructor(signed: PdfFile, file: PdfFile) {
    this.signed = signed
    this.file = file
    const later = sectionsAfter(signed, file)
    this.entries = changedEntries(later, signed, file)
    for (const [number, entry] of this.entries) {
      if (entry.kind === 'packed' && !this.isThere(entry.container)) this.#explained.add(entry.container)
      const isSection = entry.kind === 'at' && later.some(({ offset }) => offset === entry.offset)
      if (isSection && !this.isThere(number)) this.#explained.add(number)
    }
  }

  /** What a reader could come to when it was signed. */
  get reachOfSigned(): Reach {
    this.#reachOfSigned ??= reachOf(this.signed)
    return this.#reachOfSigned
  }

  get reachOfFile(): Reach {
    this.#reachOfFile ??= reachOf(this.file)
    return this.#reachOfFile
  }

  /** Was there an object of that number when it was signed? */
  isThere(number: number): boolean {
    const entry = this.signed.entries.get(number)
    return entry !== undefined && entry.kind !== 'free'
  }

  isChanged(value: PdfValue | undefined): boolean {
    return value?.kind === 'ref' && this.entries.has(value.number)
  }

  isExplained(number: number): boolean {
    return this.#explained.has(number)
  }

  /** The caller has compared all of that object, or it is new. */
  explain(number: number): void {
    this.#explained.add(number)
  }

  explainNew(value: PdfValue | undefined): void {
    if (value?.kind === 'ref' && !this.isThere(value.number)) this.explain(value.number)
  }

  /** A changed object whose content was compared, where both revisions mean the same object, or the later a new one. */
  explainIfSame(before: PdfValue | undefined, after: PdfValue | undefined): void {
    if (after?.kind !== 'ref') return
    if (!this.isThere(after.number) || (before && isSameValue(before, after))) this.explain(after.number)
  }

  /** All new objects below; what was there already is compared elsewhere. */
  explainBelow(value: PdfValue | PdfStream, depth = 0): void {
    if (depth > 64) refuse('too-large', 'nesting of objects')
    if (value.kind === 'array') for (const item of value.items) this.explainBelow(item, depth + 1)
    else if (value.kind === 'dict') for (const item of value.entries.values()) this.explainBelow(item, depth + 1)
    else if (value.kind === 'stream') this.explainBelow(value.dict, depth + 1)
    else if (value.kind === 'ref' && !this.isThere(value.number) && !this.isExplained(value.number)) {
      this.explain(value.number)
      this.explainBelow(this.file.load(value.number, value.generation), depth + 1)
    }
  }

  /** References that a list has beyond those it had; it may not have lost or moved any. */
  appended(
    before: PdfValue | undefined,
    after: PdfValue | undefined,
    reason: 'changed-form' | 'changed-page',
  ): readonly PdfRef[] {
    const old = this.signed.items(before, SHADOW)
    const now = this.file.items(after, SHADOW)
    if (!old.every((item, i) => isSameValue(item, now[i] ?? NULL))) refuse(reason, `${SHADOW}: list`)
    if (now.length > old.length) {
      // The same list could also be that of a page's contents, or of pages.
      const others = old.map((item) => this.signed.resolve(item))
      const isFine = others.every((one) => one.kind === 'dict' && !isNamed(one, 'Page') && !isNamed(one, 'Pages'))
      if (!isFine) refuse(reason, `${SHADOW}: list`)
    }
    this.explainIfSame(before, after)
    return now.slice(old.length).map((item) => (item.kind === 'ref' ? item : refuse(reason, `${SHADOW}: list`)))
  }

  /** Whatever is left has no reason. Written again as it was, an object is no change. */
  verifyExplained(): void {
    for (const [number, entry] of this.entries) {
      if (this.isThere(number)) {
        if (!this.isExplained(number)) this.#verifyUnchanged(number, entry)
        continue
      }
      if (entry.kind === 'free') continue
      // Pages signed may refer to it already: what was nothing then would be shown now.
      if (this.reachOfSigned.missing.has(number)) refuse('unexpected-object', `${SHADOW}: referred to`, { number })
      // Nothing leads there any more, say a store that a newer one took the place of: nobody sees it.
      if (!this.isExplained(number) && this.reachOfFile.objects.has(number)) {
        refuse('unexpected-object', SHADOW, { number })
      }
    }
  }

  #verifyUnchanged(number: number, entry: XrefEntry): void {
    const before = this.signed.entries.get(number)
    const generation = before?.kind === 'at' ? before.generation : 0
    const old = this.signed.load(number, generation)
    if (entry.kind !== 'free' && this.#isSameObject(old, this.file.load(number, generation))) return
    const isPage = old.kind === 'dict' && (isNamed(old, 'Page') || isNamed(old, 'Pages'))
    refuse(isPage ? 'changed-page' : 'changed-object', SHADOW, { number })
  }

  #isSameObject(a: PdfValue | PdfStream, b: PdfValue | PdfStream): boolean {
    if (a.kind !== 'stream') return b.kind !== 'stream' && isSameValue(a, b)
    if (b.kind !== 'stream' || !isSameDict(a.dict, b.dict)) return false
    return isSameBytes(this.signed.rawData(a), this.file.rawData(b))
  }
}

export function isNamed({ entries }: PdfDict, name: string, key = 'Type'): boolean {
  const value = entries.get(key)
  return value?.kind === 'name' && value.name === name
}
