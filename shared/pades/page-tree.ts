import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import type { PdfDict, PdfRef, PdfValue } from './pdf-value.ts'

const MAX_NODES = 200_000
const MAX_DEPTH = 32
const CLAUSE = 'ISO 32000-1 7.7.3'

export interface Page {
  readonly ref: PdfRef
  readonly dict: PdfDict
  readonly mediaBox: readonly [number, number, number, number]
}

/** The page of that index, from 0. Throws PadesError `structure`, `too-large`, `invalid-input` where there is none. */
export function findPage(file: PdfFile, index: number): Page {
  let visited = 0
  let left = index
  const walk = (node: PdfValue | undefined, inherited: PdfValue | undefined, depth: number): Page | null => {
    if (node?.kind !== 'ref') return refuse('structure', `${CLAUSE}: pages are indirect objects`)
    if (++visited > MAX_NODES || depth > MAX_DEPTH) refuse('too-large', 'page tree', { limit: MAX_NODES })
    const dict = file.dict(node, CLAUSE)
    const box = dict.entries.get('MediaBox') ?? inherited
    if (!dict.entries.has('Kids')) {
      if (left-- > 0) return null
      return { ref: node, dict, mediaBox: boxOf(file, box) ?? [0, 0, 612, 792] }
    }
    for (const kid of file.items(dict.entries.get('Kids'), `${CLAUSE}: Kids`)) {
      const found = walk(kid, box, depth + 1)
      if (found) return found
    }
    return null
  }
  const page = walk(file.root.entries.get('Pages'), undefined, 0)
  return page ?? refuse('invalid-input', `${CLAUSE}: no such page`, { page: index })
}

/** Four numbers, or null where there are none. */
export function boxOf(file: PdfFile, value: PdfValue | undefined): readonly [number, number, number, number] | null {
  const box = file.resolve(value)
  if (box.kind !== 'array' || box.items.length !== 4) return null
  const [a, b, c, d] = box.items.map((one) => file.resolve(one)).map((one) => (one.kind === 'number' ? one.value : NaN))
  const isBox = a !== undefined && b !== undefined && c !== undefined && d !== undefined
  return isBox && [a, b, c, d].every(Number.isFinite) ? [a, b, c, d] : null
}
