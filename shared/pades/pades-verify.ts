import {
  digest,
  parseAnyCrl,
  parseCertificate,
  PkiError,
  verifyDetachedSignature,
  lastsUntil,
  oldestOf,
  verifyOutlives,
  verifyPath,
  verifyTimeStampToken,
  type HashName,
  type RevocationSources,
  type VerifiedTimeStamp,
} from '../pki/index.ts'
import { lockedBy } from './field-lock.ts'
import { refuse } from './pades-error.ts'
import { readStore, storedData } from './pades-dss.ts'
import type {
  PadesToVerify,
  PdfAddition,
  PdfSignature,
  VerifiedPades,
  VerifiedPdfSignature,
  VerifiedPdfTimeStamp,
} from './pades-types.ts'
import { PdfFile } from './pdf-file.ts'
import { certificationOf } from './pdf-prepare.ts'
import { dateOf, textOf, type PdfDict } from './pdf-value.ts'
import { peekTimeStamp, readCarried } from './pki-parts.ts'
import { compareRevisions, type Additions } from './revision-compare.ts'
import { sectionsAfter, verifyTiled } from './revision-objects.ts'
import { readSignatures, type PlacedSignature } from './signature-read.ts'

const LEVELS = ['B-B', 'B-T', 'B-LT', 'B-LTA'] as const
type Level = (typeof LEVELS)[number]

/**
 * Every signature and document time-stamp of a PDF, and that nothing was added after any of them but what makes it
 * last or signs it again (ISO 32000-1 12.8; ETSI EN 319 142-1 5, 6.3; EN 319 102-1 5.3, 5.5, 5.6): each covers a whole
 * revision but its own Contents; every object added later has its reason; each time-stamp is over what it must be
 * over, its authority still valid when the next newer one was made (the newest: now); the signer's path at the oldest
 * time proved. Data of the document security store is used beside what is given. Throws PadesError and PkiError;
 * every signature and time-stamp carried has to stand.
 */
export function verifyPades(wanted: PadesToVerify): VerifiedPades {
  const { pdf, timeStampAnchors, now, existedBy, ...options } = wanted
  const file = new PdfFile(pdf)
  const placed = readSignatures(file)
  const [first] = placed
  if (!first) return refuse('no-signature', 'ISO 32000-1 12.8.1')
  verifyTiled(sectionsAfter(first.revision, file), first.end, file)
  const additions = placed.map((one) => compareRevisions(one.revision, file))
  verifyPermissions(file, placed, additions)

  const stored = storedData(file, readStore(file))
  const data = {
    certificates: stored.certificates.map((der) => parseCertificate(der)),
    crls: stored.crls.map((der) => parseAnyCrl(der)),
    ocsp: stored.ocsp,
  }
  const trust = {
    ...options,
    intermediates: [...data.certificates, ...(wanted.intermediates ?? [])],
    crls: [...data.crls, ...(wanted.crls ?? [])],
    ocsp: [...data.ocsp, ...(wanted.ocsp ?? [])],
  }
  const verifyStamp = (
    token: Uint8Array,
    hash: HashName,
    imprint: Uint8Array,
    until: Date,
    carried: RevocationSources = {},
  ): VerifiedTimeStamp => {
    const sources = {
      intermediates: trust.intermediates,
      crls: [...(carried.crls ?? []), ...trust.crls],
      ocsp: [...(carried.ocsp ?? []), ...trust.ocsp],
      revocation: wanted.revocation,
      anchors: timeStampAnchors ?? wanted.anchors,
      knownAt: now,
      existedBy: until,
    }
    return verifyOutlives(verifyTimeStampToken(token, { ...sources, imprint: { hash, digest: imprint }, now }), until)
  }

  const stamps = placed.flatMap((one, i) => {
    return one.kind === 'time-stamp' ? [{ one, i, info: peekTimeStamp(one.cms) }] : []
  })
  for (const [i, { info }] of stamps.entries()) {
    const before = stamps[i - 1]?.info.genTime
    if (before && info.genTime < before) refuse('time-stamp-order', 'EN 319 142-1 5.4.3')
  }
  const documentTimeStamps = stamps.map(({ one, i, info }, nth): VerifiedPdfTimeStamp => {
    const { hash } = info.imprint
    const until = stamps[nth + 1]?.info.genTime ?? lastsUntil(info.genTime, existedBy, now)
    return { ...placeOf(file, one, i, additions), timeStamp: verifyStamp(one.cms, hash, digestOf(one, hash), until) }
  })

  const signatures = placed.flatMap((one, i): VerifiedPdfSignature[] => {
    if (one.kind !== 'signature') return []
    const signed = verifyDetachedSignature(one.cms, (hash) => digestOf(one, hash))
    if (signed.signingTime) refuse('signed-attribute', 'EN 319 142-1 6.3: signing-time')
    const carried = readCarried(one.cms)
    const covering = documentTimeStamps.filter(({ end }) => end > one.end)
    const until = covering[0]?.timeStamp.genTime ?? now
    const signatureTimeStamps = carried.tokens.map((token) => {
      const { imprint, genTime } = peekTimeStamp(token)
      if (genTime > until) refuse('time-stamp-order', 'EN 319 142-1 5.4.3')
      const lasts = covering.length > 0 ? until : lastsUntil(genTime, existedBy, now)
      return verifyStamp(token, imprint.hash, digest(imprint.hash, carried.signature), lasts, carried)
    })
    const provedAt = oldestOf([...signatureTimeStamps, ...covering.map(({ timeStamp }) => timeStamp)], existedBy)
    const moment = provedAt ? { at: provedAt, knownAt: now } : { at: now }
    const own = {
      ...moment,
      leaf: signed.signerCertificate,
      intermediates: [...signed.certificates, ...trust.intermediates],
    }
    const sources = { crls: [...carried.crls, ...trust.crls], ocsp: [...carried.ocsp, ...trust.ocsp] }
    const { path } = verifyPath({ ...trust, ...own, ...sources })
    const inFile = { crls: [...carried.crls, ...data.crls], ocsp: [...carried.ocsp, ...data.ocsp] }
    const lasts = () => isProved(() => verifyPath({ ...trust, ...own, ...inFile, revocation: 'require' }))
    const isArchived = stamps.some(({ one: stamp }) => stamp.end > one.end && hasData(stamp.revision))
    const level: Level = !provedAt ? 'B-B' : !hasData(file) || !lasts() ? 'B-T' : isArchived ? 'B-LTA' : 'B-LT'
    return [
      {
        ...placeOf(file, one, i, additions),
        ...claimsOf(file, one.dict),
        signed,
        certifies: certificationOf(file, one.ref),
        isVisible: one.isVisible,
        level,
        provedAt,
        path,
        signatureTimeStamps,
      },
    ]
  })
  const lowest = Math.min(...signatures.map(({ level }) => LEVELS.indexOf(level)))
  const level = LEVELS[lowest] ?? refuse('no-signature', 'EN 319 142-1 6.3: only time-stamps')
  return { signatures, documentTimeStamps, level }
}

/** Signatures and document time-stamps, oldest first, found and bounded as `verifyPades` does; no key is asked. */
export function readPdfSignatures(pdf: Uint8Array): readonly PdfSignature[] {
  return readSignatures(new PdfFile(pdf)).map(({ kind, field, cms, byteRange }) => ({
    kind,
    fieldName: field.name,
    cms,
    byteRange,
  }))
}

/** 12.8.2.2, 12.8.2.4: what those who signed before allow of further signatures. Data and time-stamps are always free. */
function verifyPermissions(file: PdfFile, placed: readonly PlacedSignature[], additions: readonly Additions[]): void {
  const clause = 'ISO 32000-1 12.8.2.2: DocMDP'
  for (const [i, one] of placed.entries()) {
    const level = certificationOf(file, one.ref)
    const later = additions[i]?.signatures.filter(({ kind }) => kind === 'signature') ?? []
    if (level !== null && i > 0) refuse('not-permitted', `${clause}: only the first can certify`)
    if (level === 1 && later.length > 0) refuse('not-permitted', clause, { fieldName: one.field.name })
    const isLocked = lockedBy(file, one.dict)
    const locked = later.find(({ name }) => isLocked(name))
    if (locked) refuse('field-locked', 'ISO 32000-1 12.8.2.4: FieldMDP', { fieldName: locked.name })
  }
  const perms = file.optionalDict(file.root.entries.get('Perms'), 'ISO 32000-1 12.8.4: Perms')
  const certified = perms?.entries.get('DocMDP')
  if (!certified) return
  const isFirst = certified.kind === 'ref' && certified.number === placed[0]?.ref.number
  if (!isFirst || certificationOf(file, certified) === null) refuse('structure', `${clause}: another signature`)
}

const digestOf = ({ revision: { bytes }, byteRange: [, from, to] }: PlacedSignature, hash: HashName): Uint8Array =>
  digest(hash, bytes.subarray(0, from), bytes.subarray(to))

function placeOf(file: PdfFile, one: PlacedSignature, index: number, additions: readonly Additions[]) {
  const addedAfter: readonly PdfAddition[] = additions[index]?.kinds ?? []
  return {
    fieldName: one.field.name,
    revision: index + 1,
    end: one.end,
    coversWholeDocument: one.revision.startxref === file.startxref,
    addedAfter,
  }
}

function claimsOf(file: PdfFile, dict: PdfDict) {
  const text = (key: string) => {
    const value = file.resolve(dict.entries.get(key))
    return value.kind === 'string' ? textOf(value).slice(0, 1000) : null
  }
  const at = file.resolve(dict.entries.get('M'))
  return {
    claimedAt: at.kind === 'string' ? dateOf(at) : null,
    reason: text('Reason'),
    name: text('Name'),
    location: text('Location'),
  }
}

function hasData(revision: PdfFile): boolean {
  const { streams } = readStore(revision)
  return streams.crls.length + streams.ocsp.length > 0
}

/** Does it stand? A refusal is an answer here; anything else is a fault. */
function isProved(prove: () => unknown): boolean {
  try {
    prove()
    return true
  } catch (error) {
    if (error instanceof PkiError) return false
    throw error
  }
}
