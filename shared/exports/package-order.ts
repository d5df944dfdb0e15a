import type { Manifest } from './manifest.ts'
import {
  chainName,
  compareMembers,
  DATA_SCHEMA,
  dataName,
  dataSignatureName,
  evidenceName,
  MANIFEST,
  MANIFEST_SIGNATURE,
  NAMES,
  README,
} from './members.ts'
import { formatFault } from './package-facts.ts'
import type { PackageReader } from './package-reader.ts'
import { passed, type Check } from './report.ts'
import { dosTimeOf } from './zip-layout.ts'

const findMisplaced = (expected: readonly string[], found: readonly string[]): string | null => {
  const place = expected.findIndex((name, number) => name !== found[number])
  if (place >= 0) return `member: ${expected[place] ?? ''}`
  return found.length > expected.length ? `member: ${found[expected.length] ?? ''}` : null
}

/** Names in the one order there is, each once; what every package of the format must have is listed. */
const findMissing = ({ order, counts, members }: Manifest, listed: ReadonlySet<string>): string | null => {
  const isOrdered = members.every(({ name }, place) => {
    const before = members[place - 1]
    return !before || compareMembers(before.name, name) < 0
  })
  if (!isOrdered) return 'order'
  if (new Set(counts.chains.map(({ chain }) => chain)).size !== counts.chains.length) return 'chains'
  const chains = counts.chains.flatMap((_, number) => [evidenceName(number), chainName(number)])
  const needed = [dataName(order.format), NAMES, ...chains]
  const missing = needed.find((name) => !listed.has(name))
  if (missing !== undefined) return `missing: ${missing}`
  // What no check looks at beside its digest could be taken for something that was checked.
  const more = new Set([
    ...needed,
    README,
    dataSignatureName(order.format),
    ...(order.format === 'xml' ? [DATA_SCHEMA] : []),
  ])
  const stray = [...listed].find((name) => !more.has(name) && !/^(?:certificates|revocation)\//.test(name))
  return stray === undefined ? null : `member: ${stray}`
}

/** The members are those the manifest lists and its own two, in order and of its time; those it must have are there. */
export const checkOrder = (manifest: Manifest, reader: PackageReader): Check => {
  const listed = manifest.members.map(({ name }) => name)
  const expected = [...listed, MANIFEST, MANIFEST_SIGNATURE]
  const found = reader.members.map(({ name }) => name)
  const isZip = reader.dosTime !== null
  const reason =
    findMisplaced(expected, isZip ? found : [...found].sort(compareMembers)) ??
    findMissing(manifest, new Set(listed)) ??
    (isZip && reader.dosTime !== dosTimeOf(manifest.createdAt) ? 'time' : null)
  return reason === null
    ? passed({ check: 'package', facts: { members: found.length, form: isZip ? 'zip' : 'folder' } })
    : formatFault('package', { reason })
}
