import { refuse } from './pades-error.ts'
import { TRAILER_PLACES } from './pdf-file.ts'
import { isSameDict, isSameValue, NULL, pdfDict, type PdfValue } from './pdf-value.ts'
import { isNamed, SHADOW, type Changes } from './revision-changes.ts'

/** What may differ, each looked at by itself. */
const CATALOG_KEYS: readonly string[] = ['DSS', 'AcroForm', 'Extensions', 'Version', 'Metadata']
/** ISO 32000-1 table 50, and ISO 32000-2's addition. */
const EXTENSION_KEYS: readonly string[] = ['Type', 'BaseVersion', 'ExtensionLevel', 'URL', 'ExtensionRevision']
const INFO_KEYS: readonly string[] = ['ModDate', 'Producer', 'Creator', 'CreationDate']

/** The same catalog and the same identity; only places differ (7.5.5, 14.4). */
export function verifyTrailer({ signed, file }: Changes): void {
  const but = [...TRAILER_PLACES, 'Info', 'ID']
  if (!isSameDict(signed.trailer, file.trailer, but)) refuse('changed-catalog', `${SHADOW}: trailer`)
  const [before] = signed.items(signed.trailer.entries.get('ID'), 'ISO 32000-1 14.4')
  const [after] = file.items(file.trailer.entries.get('ID'), 'ISO 32000-1 14.4')
  if (before && !isSameValue(before, after ?? NULL)) refuse('changed-catalog', `${SHADOW}: ID`)
}

/** Pages, names, actions, layers: all as they were (7.7.2). */
export function verifyCatalog(changes: Changes): void {
  const before = changes.signed.root.entries
  const after = changes.file.root.entries
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const isSame = isSameValue(before.get(key) ?? NULL, after.get(key) ?? NULL)
    if (!isSame && !CATALOG_KEYS.includes(key)) refuse('changed-catalog', SHADOW, { key: key.slice(0, 40) })
  }
  for (const version of [before.get('Version'), after.get('Version')]) {
    const isVersion = version?.kind === 'name' && /^[12]\.\d$/.test(version.name)
    if (version && !isVersion) refuse('changed-catalog', 'ISO 32000-1 7.7.2: Version')
  }
  verifyExtensions(changes, before.get('Extensions'), after.get('Extensions'))
  verifyMetadata(changes, before.get('Metadata'), after.get('Metadata'))
  changes.explain(changes.file.rootRef.number)
}

/** 14.3.2: what programs say of the file, beside Info; shown on no page, so it may not be what a page uses. */
function verifyMetadata(changes: Changes, before: PdfValue | undefined, after: PdfValue | undefined): void {
  if (isSameValue(before ?? NULL, after ?? NULL) && !changes.isChanged(after)) return
  const streams = [changes.signed.resolve(before), changes.file.resolve(after)]
  const isMetadata = streams.every((stream, i) => {
    if (stream.kind === 'null') return i === 0
    return stream.kind === 'stream' && isNamed(stream.dict, 'Metadata') && isNamed(stream.dict, 'XML', 'Subtype')
  })
  const isShared = after?.kind === 'ref' && changes.reachOfSigned.objects.has(after.number)
  if (!isMetadata || isShared || after?.kind !== 'ref') return refuse('changed-catalog', SHADOW, { key: 'Metadata' })
  changes.explain(after.number)
}

/** 7.12: developers' names with numbers; nothing that anything else than the catalog could use. */
function verifyExtensions(changes: Changes, before: PdfValue | undefined, after: PdfValue | undefined): void {
  if (isSameValue(before ?? NULL, after ?? NULL) && !changes.isChanged(after)) return
  const { signed, file } = changes
  for (const [revision, value] of [
    [signed, before],
    [file, after],
  ] as const) {
    for (const [key, one] of revision.optionalDict(value, 'ISO 32000-1 7.12')?.entries ?? []) {
      if (key === 'Type') continue
      for (const item of one.kind === 'array' ? one.items : [one]) {
        const keys = [...revision.dict(item, 'ISO 32000-1 7.12').entries.keys()]
        const strange = keys.some((each) => !EXTENSION_KEYS.includes(each))
        if (strange) refuse('changed-catalog', SHADOW, { key: 'Extensions' })
        changes.explainNew(item)
      }
    }
  }
  changes.explainNew(after)
}

/** 14.3.3: only who wrote the file, and when, as every program that appends says of itself. */
export function verifyInformation(changes: Changes): void {
  const { signed, file } = changes
  const before = signed.trailer.entries.get('Info')
  const after = file.trailer.entries.get('Info')
  const old = signed.optionalDict(before, 'ISO 32000-1 14.3.3') ?? pdfDict({})
  const now = file.optionalDict(after, 'ISO 32000-1 14.3.3') ?? pdfDict({})
  if (!isSameDict(old, now, INFO_KEYS)) refuse('changed-object', `${SHADOW}: Info`)
  for (const { entries } of [old, now]) {
    const isText = INFO_KEYS.every((key) => ['string', undefined].includes(entries.get(key)?.kind))
    if (!isText) refuse('changed-object', `${SHADOW}: Info`)
  }
  changes.explainIfSame(before, after)
}
