import type { SignatureLevel } from '../contract/routes/exports.ts'
import type { HashName } from '../pki/index.ts'
import { checkData, checkEnveloped, checkPdf, type DataDigest } from './data-check.ts'
import type { Manifest } from './manifest.ts'
import type { Members } from './member-pass.ts'
import { dataName, dataSignatureName } from './members.ts'
import { missingSignature, unjudgedData } from './package-facts.ts'
import type { PackageMember } from './package-reader.ts'
import { failed, type Check } from './report.ts'
import { cadesHashes, checkCades, checkPades, checkXades, ContentDigests, xadesHashes } from './signature-check.ts'
import type { Trust } from './trust.ts'

export const SIGNATURE_BYTES_MAX = 32 * 1024 * 1024
const DOCUMENT_BYTES_MAX = 256 * 1024 * 1024

/** A detached signature that brings its content is over that, not over ours: the digests asked for must be ours. */
export const detachedOnly = (content: ContentDigests) => (hash: HashName) => content.digestOf(hash)

/** What the data is judged by. */
interface DataToCheck {
  readonly members: Members
  readonly member: PackageMember
  /** As the evidence gives it; null where that itself does not stand. */
  readonly again: DataDigest | null
  readonly ordered: SignatureLevel
  /** With what the member of that name is judged, once it was read. */
  readonly trustOf: (name: string) => Trust
}

/** The data and its signature. None where the package has no data, which the order of its members says. */
export const checkDataMember = async (
  { order }: Manifest,
  about: Omit<DataToCheck, 'member' | 'ordered'>,
): Promise<readonly Check[]> => {
  const { format, level: ordered } = order
  const member = about.members.find(dataName(format))
  if (!member) return []
  const wanted = { ...about, member, ordered }
  if (format === 'pdf') return checkDocument(wanted)
  const signatureName = dataSignatureName(format)
  const hasOwn = about.members.find(signatureName) !== null
  if (format === 'xml' && !hasOwn) return checkEnvelope(wanted)
  return checkDetached(wanted, signatureName, format === 'xml')
}

const checkDetached = async (
  { members, member, again, ordered, trustOf }: DataToCheck,
  signatureName: string,
  isXml: boolean,
): Promise<readonly Check[]> => {
  const signature = await members.tryWhole(signatureName, SIGNATURE_BYTES_MAX)
  const hashes: readonly HashName[] = signature ? (isXml ? xadesHashes : cadesHashes)(signature) : []
  const content = new ContentDigests(['sha256', ...hashes])
  await members.pass(member, () => undefined, content)
  const data = again ? checkData(again, content.digestOf('sha256')) : unjudgedData()
  if (!signature) return [missingSignature('data-signature'), data]
  const about = { check: 'data-signature', ordered } as const
  const xades = { contentHash: content.contentHash, names: ['audit.xml', member.name] }
  const found = isXml
    ? checkXades({ ...about, format: 'XAdES' }, signature, xades, trustOf(signatureName))
    : checkCades({ ...about, format: 'CAdES' }, signature, detachedOnly(content), trustOf(signatureName))
  return [...found, data]
}

const checkEnvelope = async ({ members, member, again, ordered, trustOf }: DataToCheck): Promise<readonly Check[]> => {
  const xml = await members.tryWhole(member.name, DOCUMENT_BYTES_MAX)
  if (!xml) return tooLarge()
  return [
    ...checkXades({ check: 'data-signature', format: 'XAdES', ordered }, xml, null, trustOf(member.name)),
    again ? checkEnveloped(again, xml) : unjudgedData(),
  ]
}

const checkDocument = async ({ members, member, again, ordered, trustOf }: DataToCheck): Promise<readonly Check[]> => {
  const pdf = await members.tryWhole(member.name, DOCUMENT_BYTES_MAX)
  if (!pdf) return tooLarge()
  return [
    ...checkPades({ check: 'data-signature', format: 'PAdES', ordered }, pdf, trustOf(member.name)),
    again ? checkPdf(again, pdf) : unjudgedData(),
  ]
}

/** Signed inside, and larger than can be held: nothing of it was checked. */
const tooLarge = (): readonly Check[] => [
  failed({
    check: 'data-signature',
    sub: 'FORMAT_FAILURE',
    indication: 'TOTAL-FAILED',
    facts: { reason: 'member-size' },
  }),
  unjudgedData(),
]
