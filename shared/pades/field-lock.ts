import { refuse } from './pades-error.ts'
import type { PdfFile } from './pdf-file.ts'
import { textOf, type PdfDict } from './pdf-value.ts'

const CLAUSE = 'ISO 32000-1 12.8.2.4: FieldMDP'

/** Which fields a signature locks, by their full names: those named with all below them. Throws PadesError. */
export function lockedBy(file: PdfFile, signature: PdfDict): (name: string) => boolean {
  const locks = file.items(signature.entries.get('Reference'), CLAUSE).flatMap((item) => {
    const reference = file.dict(item, CLAUSE)
    const method = file.resolve(reference.entries.get('TransformMethod'))
    if (method.kind !== 'name' || method.name !== 'FieldMDP') return []
    const params = file.dict(reference.entries.get('TransformParams'), CLAUSE)
    const action = file.resolve(params.entries.get('Action'))
    const fields = file.items(params.entries.get('Fields'), CLAUSE).map((one) => {
      const text = file.resolve(one)
      return text.kind === 'string' ? textOf(text) : refuse('signature-dictionary', CLAUSE)
    })
    const isNamed = (name: string) => fields.some((field) => name === field || name.startsWith(`${field}.`))
    if (action.kind !== 'name') return refuse('signature-dictionary', CLAUSE)
    if (action.name === 'All') return [() => true]
    if (action.name === 'Include') return [isNamed]
    if (action.name === 'Exclude') return [(name: string) => !isNamed(name)]
    return refuse('signature-dictionary', CLAUSE, { action: action.name.slice(0, 40) })
  })
  return (name) => locks.some((isLocked) => isLocked(name))
}
