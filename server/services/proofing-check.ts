import { AppError, FaceFeature, parseMrz, type HolderFields, type ProofingFields } from '../../shared/contract/index.ts'

const invalid = (field: string, reason: string): AppError => new AppError('PROOFING_INVALID', { field, reason })

/** ICAO 9303 part 3 §4.6 and appendix: names in the zone are capital letters A to Z; others are written with letters. */
const TRANSLITERATION: Readonly<Record<string, string>> = {
  Ä: 'AE',
  Æ: 'AE',
  Å: 'AA',
  Ð: 'D',
  Ø: 'OE',
  Ö: 'OE',
  Œ: 'OE',
  Ü: 'UE',
  ß: 'SS',
  Þ: 'TH',
  Ł: 'L',
  Đ: 'D',
}
const zoneName = (name: string, isTransliterated: boolean): string => {
  const upper = name.normalize('NFC').toUpperCase()
  const letters = isTransliterated ? upper.replace(/[ÄÆÅÐØÖŒÜßÞŁĐ]/gu, (c) => TRANSLITERATION[c] ?? c) : upper
  return letters
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .replace(/['’]/gu, '')
    .replace(/[^A-Z]+/gu, ' ')
    .trim()
}

/** The zone may cut a long name short, and either way of writing umlauts is met. */
const sameName = (zone: string, typed: string): boolean =>
  [true, false].some((way) => {
    const name = zoneName(typed, way)
    const read = zoneName(zone, false)
    return name === read || (read.length >= 8 && name.startsWith(read)) || name.split(' ')[0] === read
  })

const plain = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]/gu, '')

/**
 * Judges a proofing against the holder's data. `today` is `YYYY-MM-DD`. Throws PROOFING_INVALID with `field` and
 * `reason`: `expired`, `missing` (ETSI TS 119 461: every feature is compared), `check-digit` (ICAO 9303), `unreadable`,
 * `differs` (zone and typed data are not the same).
 */
export const checkProofing = (fields: ProofingFields, holder: HolderFields, today: string): void => {
  if (fields.expiresOn < today) throw invalid('expiresOn', 'expired')
  const missing = FaceFeature.options.find((feature) => !fields.faceFeatures.includes(feature))
  if (missing !== undefined) throw invalid('faceFeatures', 'missing')
  if (fields.mrz === null) return
  const zone = parseMrz(fields.mrz, today)
  if (!zone.ok) throw invalid('mrz', 'unreadable')
  const { value } = zone
  if (value.failed[0] !== undefined)
    throw new AppError('PROOFING_INVALID', { field: 'mrz', reason: 'check-digit', part: value.failed[0] })
  if (plain(value.documentNumber) !== plain(fields.documentNumber)) throw invalid('documentNumber', 'differs')
  if (value.expiryDate !== null && value.expiryDate !== fields.expiresOn) throw invalid('expiresOn', 'differs')
  if (value.birthDate !== null && value.birthDate !== holder.birthDate) throw invalid('birthDate', 'differs')
  if (!sameName(value.familyName, holder.familyName)) throw invalid('familyName', 'differs')
  if (value.givenNames !== '' && !sameName(value.givenNames, holder.givenNames)) throw invalid('givenNames', 'differs')
}
