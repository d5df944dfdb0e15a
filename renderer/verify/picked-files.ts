import type { Subject } from './protocol.ts'

const SIGNATURES = /\.(p7s|p7m|p7b|sig|cms)$|\.xades\.xml$/i
const PACKAGE = /\.zip$/i

/** What was dropped or picked, and which of it is which. */
export interface Picked {
  readonly package: File | null
  readonly content: File | null
  readonly signature: File | null
}
export const NOTHING_PICKED: Picked = { package: null, content: null, signature: null }

/** More files over what is there: a package stands alone; a file and its signature find each other by their names. */
export const pickMore = (held: Picked, files: readonly File[]): Picked => {
  let next = held
  for (const file of files) {
    if (PACKAGE.test(file.name)) next = { ...NOTHING_PICKED, package: file }
    else if (SIGNATURES.test(file.name)) next = { ...next, package: null, signature: file }
    else next = { ...next, package: null, content: file }
  }
  return next
}

/** What can be checked of it; null: nothing is there. A file without a signature beside must bring its own (PDF, XML). */
export const subjectOf = ({ package: whole, content, signature }: Picked): Subject | null => {
  if (whole !== null) return { kind: 'package', file: whole }
  if (signature !== null) return { kind: 'signature', signature, content, name: content?.name ?? null }
  return content === null ? null : { kind: 'signature', signature: content, content: null, name: null }
}
