import { AppError } from '../contract/errors.ts'
import type { ExportFormat } from '../contract/routes/exports.ts'

/** Names of a package's members. All ASCII, at most one folder deep. */
export const README = 'READ-ME.html'
export const NAMES = 'names.json'
export const MANIFEST = 'manifest.json'
export const MANIFEST_SIGNATURE = 'manifest.json.p7s'
export const DATA_SCHEMA = 'data/audit.xsd'

export const dataName = (format: ExportFormat): string => `data/audit.${format}`
/** The signature beside the data, for formats that have one there. An enveloped XML has none; a PDF is signed inside. */
export const dataSignatureName = (format: ExportFormat): string =>
  format === 'xml' ? 'data/audit.xml.xades.xml' : `data/audit.${format}.p7s`
export const evidenceName = (chain: number): string => `evidence/${chain}.jsonl`
export const chainName = (chain: number): string => `chains/${chain}.json`

/** In the order in which they stand in a package; of one kind by number, then by name. */
const KINDS: readonly RegExp[] = [
  /^READ-ME\.html$/,
  /^data\/audit\.(?:csv|jsonl?|xml|pdf)$/,
  /^data\/audit\.(?:csv|jsonl?)\.p7s$/,
  /^data\/audit\.xml\.xades\.xml$/,
  /^data\/audit\.xsd$/,
  /^evidence\/(0|[1-9][0-9]{0,3})\.jsonl$/,
  /^chains\/(0|[1-9][0-9]{0,3})\.json$/,
  /^names\.json$/,
  /^certificates\/([a-z0-9][a-z0-9.-]{0,79})\.cer$/,
  /^revocation\/([a-z0-9][a-z0-9.-]{0,79})\.(?:crl|ocsp)$/,
  /^manifest\.json$/,
  /^manifest\.json\.p7s$/,
]

const placeOf = (name: string): { readonly kind: number; readonly number: number } | null => {
  for (const [kind, form] of KINDS.entries()) {
    const match = form.exec(name)
    if (match) return { kind, number: /^[0-9]+$/.test(match[1] ?? '') ? Number(match[1]) : 0 }
  }
  return null
}

/** Whether a package may have a member of this name. */
export const isMemberName = (name: string): boolean => placeOf(name) !== null

/** Order of members: negative where `left` stands first. Throws REQUEST_INVALID (`member`) for a name no package has. */
export const compareMembers = (left: string, right: string): number => {
  const [a, b] = [placeOf(left), placeOf(right)]
  if (!a || !b) throw new AppError('REQUEST_INVALID', { reason: 'member' })
  return a.kind - b.kind || a.number - b.number || (left < right ? -1 : left > right ? 1 : 0)
}
