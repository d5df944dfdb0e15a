import { readStore } from './pades-dss.ts'
import { refuse } from './pades-error.ts'
import type { PdfAddition } from './pades-types.ts'
import type { PdfFile } from './pdf-file.ts'
import { verifyCatalog, verifyInformation, verifyTrailer } from './revision-catalog.ts'
import { Changes, SHADOW } from './revision-changes.ts'
import { verifyForm, type AddedSignature } from './revision-form.ts'

export interface Additions {
  readonly kinds: readonly PdfAddition[]
  readonly signatures: readonly AddedSignature[]
}

/**
 * What was added to a file after it was signed, and that it is nothing but validation data, document time-stamps and
 * further signatures without a place of their own on a page: every object that is new or other than at signing has to
 * have one of these reasons. The attacker holds the signed file and may append whatever he likes, and may have written
 * the file that was signed (shadow attacks: hide, replace, hide and replace; incremental saving; annotations over
 * content; one object in two places). Throws PadesError.
 */
export function compareRevisions(signed: PdfFile, file: PdfFile): Additions {
  const changes = new Changes(signed, file)
  verifyTrailer(changes)
  verifyCatalog(changes)
  const signatures = verifyForm(changes)
  const hasData = verifyStore(changes)
  verifyInformation(changes)
  changes.verifyExplained()

  const has = (kind: AddedSignature['kind']) => signatures.some((one) => one.kind === kind)
  const kinds: PdfAddition[] = []
  if (hasData) kinds.push('validation-data')
  if (has('time-stamp')) kinds.push('time-stamp')
  if (has('signature')) kinds.push('signature')
  return { kinds, signatures }
}

/** The security store, which nobody sees, may grow (EN 319 142-1 5.4.2). Was anything added? */
function verifyStore(changes: Changes): boolean {
  const { signed, file } = changes
  const before = readStore(signed)
  const after = readStore(file)
  const changed = [...after.numbers].filter((number) => changes.entries.has(number))
  for (const number of changed) {
    // What the signed pages use may not become what somebody calls a certificate.
    if (changes.isThere(number) && changes.reachOfSigned.objects.has(number)) {
      refuse('changed-object', `${SHADOW}: used elsewhere`, { number })
    }
    changes.explain(number)
  }
  const isLost = (['certificates', 'crls', 'ocsp'] as const).some(
    (kind) => after.streams[kind].length < before.streams[kind].length,
  )
  if (isLost) refuse('validation-data', 'EN 319 142-1 5.4.2.2: data taken away')
  return changed.length > 0 || (before.dict === null && after.dict !== null)
}
