import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import { textOf, type PdfDict, type PdfRef, type PdfValue } from './pdf-value.ts'

const MAX_FIELDS = 10_000
const MAX_DEPTH = 16
const CLAUSE = 'ISO 32000-1 12.7.3'

/** A signature field (12.7.4.5), filled or empty. */
export interface SignatureField {
  /** Partial names joined by periods (12.7.3.2). */
  readonly name: string
  readonly ref: PdfRef
  readonly dict: PdfDict
  /** Null where the field is empty. */
  readonly value: PdfValue | null
}

export interface FieldTree {
  /** In the order of the form. */
  readonly signatures: readonly SignatureField[]
  /** Full names of all fields. */
  readonly names: ReadonlySet<string>
}

/** All fields of the form, each once. Throws PadesError `structure`, `too-large`. */
export function readFields(file: PdfFile): FieldTree {
  const signatures: SignatureField[] = []
  const names = new Set<string>()
  const seen = new Set<number>()
  const walk = (item: PdfValue, parent: string | null, type: string | null, depth: number): void => {
    if (item.kind !== 'ref') return refuse('structure', `${CLAUSE}: a field is an indirect object`)
    // Reached twice, a field would have two names, and two readers two ideas of what is signed.
    if (seen.has(item.number)) refuse('structure', `${CLAUSE}: a field twice`, { number: item.number })
    if (depth > MAX_DEPTH || seen.size >= MAX_FIELDS) refuse('too-large', 'fields', { limit: MAX_FIELDS })
    seen.add(item.number)
    const dict = file.dict(item, `${CLAUSE}: field`)
    const partial = file.resolve(dict.entries.get('T'))
    const own = partial.kind === 'string' ? textOf(partial) : null
    const name = own === null ? parent : parent === null ? own : `${parent}.${own}`
    const given = file.resolve(dict.entries.get('FT'))
    const kind = given.kind === 'name' ? given.name : type
    const kids = file.items(dict.entries.get('Kids'), `${CLAUSE}: Kids`)
    const isTerminal = kids.every((kid) => !isField(file, kid))
    if (own !== null && name !== null) {
      if (isTerminal && names.has(name)) refuse('structure', `${CLAUSE}.2: a name twice`)
      names.add(name)
    }
    if (!isTerminal) for (const kid of kids) walk(kid, name, kind, depth + 1)
    else if (kind === 'Sig') {
      const value = dict.entries.get('V') ?? null
      signatures.push({ name: name ?? '', ref: item, dict, value: value?.kind === 'null' ? null : value })
    }
  }
  for (const item of file.items(formOf(file)?.entries.get('Fields'), `${CLAUSE}: Fields`)) walk(item, null, null, 0)
  return { signatures, names }
}

export const formOf = (file: PdfFile): PdfDict | null =>
  file.optionalDict(file.root.entries.get('AcroForm'), 'ISO 32000-1 12.7.2: AcroForm')

/** A kid with a name is a field; one without is a widget of its parent. */
function isField(file: PdfFile, kid: PdfValue): boolean {
  const dict = file.resolve(kid)
  return dict.kind === 'dict' && dict.entries.has('T')
}
