import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import { PdfReader } from './pdf-read.ts'
import { type PdfStream, type PdfValue } from './pdf-value.ts'
import type { XrefEntry, XrefSection } from './pdf-xref.ts'

const CLAUSE = 'ISO 32000-1 7.5.6'

/** Sections added behind a revision, newest first: the file is that revision and more, not another one beside it. */
export function sectionsAfter(signed: PdfFile, file: PdfFile): readonly XrefSection[] {
  const at = file.sections.findIndex(({ offset }) => offset === signed.startxref)
  if (at < 0) refuse('revision', `${CLAUSE}: not built on what was signed`, { startxref: signed.startxref })
  const later = file.sections.slice(0, at)
  let limit = file.bytes.length
  for (const { offset, trailer } of later) {
    if (offset < signed.bytes.length || offset >= limit) refuse('revision', `${CLAUSE}: order`, { offset })
    if (trailer.entries.has('XRefStm')) refuse('revision', 'ISO 32000-1 7.5.8.4: hybrid update')
    limit = offset
  }
  return later
}

/** Numbers that the later sections speak of, with what they say in the end. */
export function changedEntries(later: readonly XrefSection[], signed: PdfFile, file: PdfFile): Map<number, XrefEntry> {
  const changed = new Map<number, XrefEntry>()
  for (const { entries } of later) {
    for (const number of entries.keys()) {
      const entry = file.entries.get(number)
      const before = signed.entries.get(number)
      if (entry && !isSameEntry(entry, before)) changed.set(number, entry)
    }
  }
  for (const [number, entry] of changed) {
    // An update that points back could bring up what was signed unseen (shadow attack: hide and replace).
    const home = entry.kind === 'packed' ? changed.get(entry.container) : entry
    if (entry.kind === 'packed' && home?.kind !== 'at') refuse('revision', `${CLAUSE}: points back`, { number })
    if (home?.kind === 'at' && home.offset < signed.bytes.length)
      refuse('revision', `${CLAUSE}: points back`, { number })
  }
  return changed
}

function isSameEntry(a: XrefEntry, b: XrefEntry | undefined): boolean {
  if (a.kind === 'free') return !b || b.kind === 'free'
  if (a.kind === 'at') return b?.kind === 'at' && a.offset === b.offset && a.generation === b.generation
  return b?.kind === 'packed' && a.container === b.container && a.index === b.index
}

/**
 * Every octet behind the first revision belongs to an object that its section names, to the section or to white space:
 * otherwise readers that search for objects would find others than readers that look them up.
 */
export function verifyTiled(later: readonly XrefSection[], from: number, file: PdfFile): void {
  const spans = new Map<number, number>()
  for (const { offset, end, entries } of later) {
    for (const [number, entry] of entries) {
      if (entry.kind !== 'at' || entry.offset < from || spans.has(entry.offset)) continue
      if (entry.offset >= file.bytes.length) refuse('object', 'ISO 32000-1 7.5.4: outside the file', { number })
      spans.set(entry.offset, file.endOf(entry.offset, number, entry.generation))
    }
    spans.set(offset, tailEnd(file, offset, end))
  }
  let at = from
  for (const [start, end] of [...spans].toSorted(([a], [b]) => a - b)) {
    if (start < at || !isSpace(file.bytes, at, start)) refuse('unexpected-object', `${CLAUSE}: octets between`, { at })
    at = end
  }
  if (!isSpace(file.bytes, at, file.bytes.length)) refuse('trailing-bytes', `${CLAUSE}: octets behind`, { at })
}

function isSpace(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (![10, 13, 32].includes(bytes[i] ?? 0)) return false
  return true
}

/** `startxref` of the section, and `%%EOF`. */
function tailEnd(file: PdfFile, offset: number, end: number): number {
  const reader = new PdfReader(file.bytes, end)
  reader.skipSpace()
  reader.keyword('startxref')
  reader.skipSpace()
  if (reader.natural() !== offset) refuse('revision', 'ISO 32000-1 7.5.5: startxref', { offset })
  reader.skipSpace()
  if (!reader.isAt('%%EOF')) refuse('revision', 'ISO 32000-1 7.5.5: %%EOF', { offset })
  return reader.at + 5
}

export interface Reach {
  readonly objects: ReadonlySet<number>
  /** Numbers referred to that stand for nothing. */
  readonly missing: ReadonlySet<number>
}

/**
 * What a reader can come to from the catalog and the document information, but not by way of the security store and the
 * metadata, which no page shows. A number referred to without an object counts: whoever defines it later decides what is shown there.
 */
export function reachOf(file: PdfFile): Reach {
  const objects = new Set<number>()
  const missing = new Set<number>()
  const pending: (PdfValue | PdfStream)[] = []
  const visit = (value: PdfValue | PdfStream, but: readonly string[] = []): void => {
    if (value.kind === 'array') for (const item of value.items) visit(item)
    else if (value.kind === 'dict' || value.kind === 'stream') {
      const { entries } = value.kind === 'dict' ? value : value.dict
      for (const [key, item] of entries) if (!but.includes(key)) visit(item)
    } else if (value.kind === 'ref') {
      if (objects.has(value.number) || missing.has(value.number)) return
      const found = file.load(value.number, value.generation)
      if (found.kind === 'null') missing.add(value.number)
      else {
        objects.add(value.number)
        pending.push(found)
      }
    }
  }
  objects.add(file.rootRef.number)
  visit(file.root, ['DSS', 'Metadata'])
  visit(file.trailer.entries.get('Info') ?? { kind: 'null' })
  for (let next = pending.pop(); next; next = pending.pop()) visit(next)
  return { objects, missing }
}
