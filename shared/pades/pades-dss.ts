import { digest, toHex, type ValidationData } from '../pki/index.ts'
import { readFields } from './form-fields.ts'
import { refuse } from './pades-error.ts'
import type { PdfValidationFields } from './pades-types.ts'
import { PdfFile } from './pdf-file.ts'
import {
  pdfArray,
  pdfDate,
  pdfDict,
  pdfName,
  withEntries,
  type PdfDict,
  type PdfRef,
  type PdfValue,
} from './pdf-value.ts'
import { PdfUpdate } from './pdf-write.ts'
import { vriKey } from './pki-parts.ts'

// The document security store (ETSI EN 319 142-1 5.4.2; ISO 32000-2 12.8.4.3, 12.8.4.4).

const MAX_ITEMS = 1024
const MAX_ITEM_BYTES = 32 * 1024 * 1024
const MAX_STORE_BYTES = 96 * 1024 * 1024
const CLAUSE = 'EN 319 142-1 5.4.2'
const STORE_KEYS: readonly string[] = ['Type', 'Certs', 'CRLs', 'OCSPs', 'VRI']
const VRI_KEYS: readonly string[] = ['Type', 'Cert', 'CRL', 'OCSP', 'TU', 'TS']
const KINDS = [
  ['Certs', 'Cert', 'certificates'],
  ['CRLs', 'CRL', 'crls'],
  ['OCSPs', 'OCSP', 'ocsp'],
] as const

type Kind = (typeof KINDS)[number][2]

export interface SecurityStore {
  readonly dict: PdfDict | null
  readonly streams: Readonly<Record<Kind, readonly PdfRef[]>>
  /** Every object that the store is made of. */
  readonly numbers: ReadonlySet<number>
}

/** Takes the store apart, strictly: only known keys, only streams in its lists. Throws PadesError. */
export function readStore(file: PdfFile): SecurityStore {
  const numbers = new Set<number>()
  const follow = (value: PdfValue | undefined) => {
    if (value?.kind === 'ref') numbers.add(value.number)
    return file.resolve(value)
  }
  const listOf = (value: PdfValue | undefined): PdfRef[] => {
    const list = follow(value)
    if (list.kind === 'null') return []
    if (list.kind !== 'array') return refuse('validation-data', `${CLAUSE}: list`)
    if (list.items.length > MAX_ITEMS) refuse('too-large', 'validation data', { limit: MAX_ITEMS })
    return list.items.map((item) => {
      const stream = follow(item)
      if (item.kind !== 'ref' || stream.kind !== 'stream') return refuse('validation-data', `${CLAUSE}: stream`)
      const length = stream.dict.entries.get('Length')
      if (length?.kind === 'ref') numbers.add(length.number)
      return item
    })
  }
  const dictOf = (value: PdfValue | undefined, keys: readonly string[] | null): PdfDict | null => {
    const dict = follow(value)
    if (dict.kind === 'null') return null
    if (dict.kind !== 'dict') return refuse('validation-data', CLAUSE)
    const strange = keys && [...dict.entries.keys()].find((key) => !keys.includes(key))
    if (strange !== undefined && strange !== null) refuse('validation-data', CLAUSE, { key: strange.slice(0, 40) })
    return dict
  }
  const dict = dictOf(file.root.entries.get('DSS'), STORE_KEYS)
  const [certificates, crls, ocsp] = KINDS.map(([key]) => listOf(dict?.entries.get(key)))
  const vri = dictOf(dict?.entries.get('VRI'), null)
  const entries = [...(vri?.entries ?? [])].filter(([key]) => key !== 'Type')
  if (entries.length > MAX_ITEMS) refuse('too-large', 'VRI', { limit: MAX_ITEMS })
  for (const [, value] of entries) {
    const entry = dictOf(value, VRI_KEYS)
    for (const [, key] of KINDS) listOf(entry?.entries.get(key))
    const stamp = entry?.entries.get('TS')
    if (stamp) listOf(pdfArray(stamp))
    follow(entry?.entries.get('TU'))
  }
  return { dict, streams: { certificates: certificates ?? [], crls: crls ?? [], ocsp: ocsp ?? [] }, numbers }
}

/** What the store holds. Throws PadesError. */
export function storedData(file: PdfFile, { streams }: SecurityStore): ValidationData {
  let total = 0
  const data = (refs: readonly PdfRef[]) =>
    refs.map((ref) => {
      const stream = file.resolve(ref)
      if (stream.kind !== 'stream') return refuse('validation-data', `${CLAUSE}: stream`)
      const bytes = file.data(stream, Math.min(MAX_ITEM_BYTES, MAX_STORE_BYTES - total))
      total += bytes.length
      return bytes
    })
  return { certificates: data(streams.certificates), crls: data(streams.crls), ocsp: data(streams.ocsp) }
}

/** All that the document security store carries, each once, nothing judged. Throws PadesError. */
export function readPdfValidationData(pdf: Uint8Array): ValidationData {
  const file = new PdfFile(pdf)
  const data = storedData(file, readStore(file))
  const distinct = (items: readonly Uint8Array[]) => [...new Map(items.map((one) => [nameOf(one), one])).values()]
  return { certificates: distinct(data.certificates), crls: distinct(data.crls), ocsp: distinct(data.ocsp) }
}

const nameOf = (bytes: Uint8Array): string => toHex(digest('sha256', bytes))

/**
 * B-LT: certificates, lists and answers in the document's security store, in a later revision (EN 319 142-1 5.4.2).
 * What is there already is kept and not doubled; with nothing to add the file comes back as it is. Throws PadesError.
 */
export function addPdfValidationData({ pdf, at: gatheredAt, ...given }: PdfValidationFields): Uint8Array {
  const file = new PdfFile(pdf)
  const store = readStore(file)
  const present = storedData(file, store)
  const update = new PdfUpdate(file)
  let added = 0
  const entry: Record<string, PdfValue> = {}
  const whole: Record<string, PdfValue> = {}
  for (const [list, single, kind] of KINDS) {
    const known = new Map(present[kind].map((bytes, i) => [nameOf(bytes), store.streams[kind][i]]))
    const refs = given[kind].map((bytes) => {
      const name = nameOf(bytes)
      const there = known.get(name)
      if (there) return there
      const ref = update.add({ kind: 'new-stream', dict: pdfDict({}), data: bytes })
      known.set(name, ref)
      added++
      return ref
    })
    if (refs.length > 0) entry[single] = pdfArray(...new Set(refs))
    if (known.size > 0) whole[list] = pdfArray(...[...known.values()].flatMap((ref) => ref ?? []))
  }
  if (added === 0) return pdf
  const vri = file.optionalDict(store.dict?.entries.get('VRI'), CLAUSE) ?? pdfDict({})
  const missing = signatureKeys(file).filter((key) => !vri.entries.has(key))
  const one = missing.length > 0 ? update.add(pdfDict({ ...entry, TU: gatheredAt ? pdfDate(gatheredAt) : null })) : null
  const entries = one ? withEntries(vri, Object.fromEntries(missing.map((key) => [key, one]))) : vri
  const dict = withEntries(store.dict ?? pdfDict({ Type: pdfName('DSS') }), { ...whole, VRI: entries })
  const at = file.root.entries.get('DSS')
  if (at?.kind === 'ref') update.set(at, dict)
  else update.set(file.rootRef, withEntries(file.root, { DSS: update.add(dict) }))
  return update.finish().pdf
}

function signatureKeys(file: PdfFile): string[] {
  return readFields(file).signatures.flatMap(({ value }) => {
    const contents = value && file.dict(value, 'ISO 32000-1 12.8.1').entries.get('Contents')
    return contents?.kind === 'string' ? [vriKey(contents.bytes)] : []
  })
}
