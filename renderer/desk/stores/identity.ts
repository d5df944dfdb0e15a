import { z } from 'zod'
import { parseMrz, type MrzResult } from '../../../shared/contract/mrz.ts'
import type { HolderFields, HolderRow, ProofingFields } from '../../../shared/contract/views.ts'
import { DocumentType, FaceFeature } from '../../../shared/contract/words.ts'

/** Pure rules of the identity step: what the MRZ fills, what disagrees, what is missing. */
export const ProofingDraft = z.object({
  documentType: DocumentType.nullable().catch(null),
  documentNumber: z.string().max(40).catch(''),
  issuer: z.string().max(3).catch(''),
  expiresOn: z.string().max(10).catch(''),
  mrz: z.string().max(120).catch(''),
  faceFeatures: z.array(FaceFeature).catch([]),
  documentGenuine: z.boolean().catch(false),
  note: z.string().max(500).catch(''),
})
export type ProofingDraft = z.infer<typeof ProofingDraft>
export const emptyProofing: ProofingDraft = ProofingDraft.parse({})

export const HolderDraft = z.object({
  givenNames: z.string().max(100).catch(''),
  familyName: z.string().max(100).catch(''),
  birthDate: z.string().max(10).catch(''),
  nationality: z.string().max(3).catch(''),
  personalNumber: z.string().max(40).catch(''),
  email: z.string().max(200).catch(''),
  mrz: z.string().max(120).catch(''),
})
export type HolderDraft = z.infer<typeof HolderDraft>
export const emptyHolder: HolderDraft = HolderDraft.parse({})

/** ICAO writes Germany as `D`; everything else has three letters. */
export const holderFieldsOf = (draft: HolderDraft) => ({
  givenNames: draft.givenNames,
  familyName: draft.familyName,
  birthDate: draft.birthDate,
  nationality: draft.nationality.toUpperCase(),
  personalNumber: draft.personalNumber.trim() === '' ? null : draft.personalNumber,
  email: draft.email.trim() === '' ? null : draft.email.trim(),
})

const titleCase = (text: string): string =>
  text
    .toLowerCase()
    .replace(/(^|[\s'-])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())

/** Fills a new holder from a sound zone; what was typed by hand in other fields stays. */
export const holderFromMrz = (draft: HolderDraft, mrz: MrzResult, text: string): HolderDraft => ({
  ...draft,
  mrz: text,
  familyName: titleCase(mrz.familyName),
  givenNames: titleCase(mrz.givenNames),
  birthDate: mrz.birthDate ?? draft.birthDate,
  nationality: mrz.nationality,
})

const documentTypeOf = (code: string): DocumentType | null =>
  code.startsWith('P')
    ? 'passport'
    : code.startsWith('R')
      ? 'residence-permit'
      : /^[IAC]/.test(code)
        ? 'identity-card'
        : null

/** Fills the document's fields from a zone that was read. */
export const proofingFromMrz = (draft: ProofingDraft, mrz: MrzResult, text: string): ProofingDraft => ({
  ...draft,
  mrz: text,
  documentType: documentTypeOf(mrz.documentCode) ?? draft.documentType,
  documentNumber: mrz.documentNumber,
  issuer: mrz.issuer,
  expiresOn: mrz.expiryDate ?? draft.expiresOn,
})

/** The identity step's draft from a zone scanned before: filled where it is sound, else only kept. */
export function proofingFromScan(text: string, today: string): ProofingDraft {
  const outcome = parseMrz(text, today)
  const sound = outcome.ok && outcome.value.failed.length === 0
  return sound ? proofingFromMrz(emptyProofing, outcome.value, text) : { ...emptyProofing, mrz: text }
}

/** Names as an MRZ can write them: no accents, ICAO's transliterations (Doc 9303 part 3 §6), blanks for anything else. */
export function mrzName(name: string): string {
  return name
    .toUpperCase()
    .replace(/Ä/g, 'AE')
    .replace(/Ö/g, 'OE')
    .replace(/Ü/g, 'UE')
    .replace(/ß|ẞ/gi, 'SS')
    .replace(/Æ/g, 'AE')
    .replace(/Ø/g, 'OE')
    .replace(/Å/g, 'AA')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/'/g, '')
    .replace(/[^A-Z]+/g, ' ')
    .trim()
}
/** The same with plain letters: some issuers write Ö as O. */
const plainName = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .replace(/'/g, '')
    .replace(/[^A-Z]+/g, ' ')
    .trim()

const sameMrzName = (name: string, zone: string): boolean =>
  [mrzName(name), plainName(name)].some((form) => form === zone || (zone.length >= 20 && form.startsWith(zone)))

export type Disagreement =
  | 'familyName'
  | 'givenNames'
  | 'birthDate'
  | 'nationality'
  | 'documentNumber'
  | 'issuer'
  | 'expiresOn'

/** What the zone says otherwise than the person's data or the typed document fields. Names cut off by the zone's length agree. */
export function disagreements(mrz: MrzResult, holder: HolderFields, draft: ProofingDraft): Disagreement[] {
  const found: Disagreement[] = []
  if (!sameMrzName(holder.familyName, mrz.familyName)) found.push('familyName')
  if (!sameMrzName(holder.givenNames, mrz.givenNames)) found.push('givenNames')
  if (mrz.birthDate !== null && mrz.birthDate !== holder.birthDate) found.push('birthDate')
  if (mrz.nationality !== holder.nationality) found.push('nationality')
  if (draft.documentNumber !== '' && draft.documentNumber.toUpperCase() !== mrz.documentNumber)
    found.push('documentNumber')
  if (draft.issuer !== '' && draft.issuer.toUpperCase() !== mrz.issuer) found.push('issuer')
  if (draft.expiresOn !== '' && mrz.expiryDate !== null && draft.expiresOn !== mrz.expiryDate) found.push('expiresOn')
  return found
}

export type Missing =
  | 'documentType'
  | 'documentNumber'
  | 'issuer'
  | 'expiresOn'
  | 'expired'
  | 'mrz'
  | 'faceFeatures'
  | 'documentGenuine'

/** What still stands between the draft and a complete proof (ETSI TS 119 461 §8.3). `today` as `YYYY-MM-DD`. */
export function missingFor(draft: ProofingDraft, today: string): Missing[] {
  const missing: Missing[] = []
  if (draft.documentType === null) missing.push('documentType')
  if (draft.documentNumber.trim() === '') missing.push('documentNumber')
  if (!/^([A-Z]{3}|D)$/.test(draft.issuer.toUpperCase())) missing.push('issuer')
  if (!/^\d{4}-\d{2}-\d{2}$/.test(draft.expiresOn)) missing.push('expiresOn')
  else if (draft.expiresOn < today) missing.push('expired')
  if (draft.mrz.trim() !== '') {
    const outcome = parseMrz(draft.mrz, today)
    if (!outcome.ok || outcome.value.failed.length > 0) missing.push('mrz')
  }
  if (FaceFeature.options.some((feature) => !draft.faceFeatures.includes(feature))) missing.push('faceFeatures')
  if (!draft.documentGenuine) missing.push('documentGenuine')
  return missing
}

/** The draft as it is sent; call only when nothing is missing. `mrz` normalised by the caller. */
export function proofingOf(draft: ProofingDraft, mrz: string | null): ProofingFields {
  return {
    documentType: draft.documentType ?? 'passport',
    documentNumber: draft.documentNumber.trim(),
    issuer: draft.issuer.toUpperCase(),
    expiresOn: draft.expiresOn,
    mrz,
    faceFeatures: draft.faceFeatures,
    documentGenuine: true,
    note: draft.note.trim() === '' ? null : draft.note.trim(),
  }
}

/** People already known who are likely the one being typed: same birth date and family name, or same personal number. */
export function likelyDuplicates(draft: HolderDraft, rows: readonly HolderRow[]): HolderRow[] {
  const family = plainName(draft.familyName)
  return rows.filter(
    (row) =>
      (draft.personalNumber.trim() !== '' && row.personalNumber === draft.personalNumber.trim()) ||
      (row.birthDate === draft.birthDate && family !== '' && plainName(row.familyName) === family),
  )
}
