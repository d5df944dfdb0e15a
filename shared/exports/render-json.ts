import { canonicalize } from '../audit/jcs.ts'
import type { ManifestHead } from './manifest.ts'
import type { NameLookup } from './name-lookup.ts'
import { withoutUndefined } from './optional-members.ts'
import type { RenderContext, Renderer } from './rendering.ts'
import type { ExportRow } from './row.ts'

const named = (kind: string, id: string | null | undefined, find: (id: string) => string | null): string => {
  const name = id ? find(id) : null
  return name === null ? '' : `,"${kind}":${JSON.stringify(name)}`
}

/** `entry` and `payload` stand there as they were hashed; `names` holds those that are known. */
const objectOf = ({ bodyText, payloadText, erased, signatureText, entry }: ExportRow, names: NameLookup): string => {
  const known =
    named('operator', entry.operator?.id, names.operator) +
    named('office', entry.office, names.office) +
    named('station', entry.station, names.station) +
    named('tenant', entry.tenant, names.tenant)
  const marks = erased === null ? '' : `,"erased":${canonicalize({ ...erased })}`
  return `{"entry":${bodyText},"payload":${payloadText ?? 'null'}${marks},"names":{${known.slice(1)}},"signature":"${signatureText}"}`
}

/** JSON Lines: one object a line, nothing else. */
export const jsonLinesRenderer = ({ names }: RenderContext): Renderer => ({
  head: () => '',
  row: (row) => `${objectOf(row, names)}\n`,
  tail: () => '',
})

/** The head as text that depends on its values alone. */
export const headText = (head: ManifestHead): string => canonicalize(withoutUndefined(head))

/** One document: `{"export":…,"entries":[…]}`. */
export const jsonRenderer = ({ names, manifestHead }: RenderContext): Renderer => {
  let isFirst = true
  return {
    head: () => `{"export":${headText(manifestHead)},"entries":[`,
    row: (row) => {
      const text = `${isFirst ? '\n' : ',\n'}${objectOf(row, names)}`
      isFirst = false
      return text
    },
    tail: () => '\n]}\n',
  }
}
