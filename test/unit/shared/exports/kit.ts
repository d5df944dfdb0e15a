import { createHash } from 'node:crypto'
import { signXmlDetached, writeEnvelopedSignature } from '../../../../shared/ades/index.ts'
import { leafHash, inclusionProof, rangeHashOf } from '../../../../shared/audit/merkle.ts'
import { encodeWitnessKey, cosignatureMessage, makeCosignature } from '../../../../shared/audit/cosignature.ts'
import { encodeNote, parseNote } from '../../../../shared/audit/checkpoint.ts'
import type { StoredEntry } from '../../../../shared/audit/stored.ts'
import type { SavedAuditSearch } from '../../../../shared/contract/audit-views.ts'
import type { Completeness, ExportFormat } from '../../../../shared/contract/routes/exports.ts'
import {
  AUDIT_XSD,
  chainName,
  compareMembers,
  crc32,
  dataName,
  dataSignatureName,
  disclosedLine,
  edgeRanges,
  encodeChainFile,
  encodeManifest,
  encodeNames,
  evidenceName,
  headerLine,
  headOf,
  hiddenLine,
  lookupIn,
  MANIFEST,
  MANIFEST_SIGNATURE,
  openRenderer,
  openZipPackage,
  parseManifest,
  README,
  rightRanges,
  rowOf,
  verifyPackage,
  zipLayout,
  type ChainFile,
  type DataFormat,
  type EvaluatedFilter,
  type Manifest,
  type ManifestHead,
  type Names,
  type PackageReader,
  type RandomReader,
  type Report,
  type VerifyOptions,
} from '../../../../shared/exports/index.ts'
import { digest, signDigest, type Certificate } from '../../../../shared/pki/index.ts'
import { CHAIN, MemoryChain, pairOf } from '../audit/memory-chain.ts'
import {
  AT,
  certify,
  crlOf,
  LEAF_FIELDS,
  rootAuthority,
  testKey,
  type Authority,
  type TestKey,
} from '../pki/authority.ts'

export { AT, days } from '../pki/authority.ts'
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** RFC 9336: documentSigning. */
export const SEAL_FIELDS = { ...LEAF_FIELDS, extendedKeyUsage: ['1.3.6.1.5.5.7.3.36'] } as const

/** The server's own: an authority, its list, and the key that signs exports. */
export interface Signing {
  readonly root: Authority
  readonly key: TestKey
  readonly leaf: Certificate
  readonly crl: Uint8Array
}

/** Good around `at`. */
export const openSigning = async (algorithm: TestKey['algorithm'] = 'ecdsa-sha256', at = AT): Promise<Signing> => {
  const shifted = (count: number): Date => new Date(at.getTime() + count * 86_400_000)
  const life = { notBefore: shifted(-30), notAfter: shifted(30) }
  const root = await rootAuthority(life)
  const key = testKey(algorithm)
  const leaf = await certify(key, root, { name: 'Export of the server', ...SEAL_FIELDS, ...life })
  const { der } = await crlOf(root, [], { thisUpdate: shifted(-1), nextUpdate: shifted(1) })
  return { root, key, leaf, crl: der }
}

/** A chain with two epochs, a roll-over, an erased payload and its tombstone. `extra`: more entries at the end. */
export const openChain = (extra = 0): MemoryChain => {
  const chain = new MemoryChain()
  chain.openEpoch()
  for (let place = 0; place < 5; place += 1) chain.append()
  chain.append({ after: { name: '=HYPERLINK("http://x")', note: 'caff\u00e8, "quoted"\n', before: 1, changed: [2] } })
  chain.rollOver()
  chain.openEpoch()
  for (let place = 0; place < 4 + extra; place += 1) chain.append({ object: { type: 'card', id: `card-${place % 3}` } })
  chain.erase(4)
  chain.bury(4)
  chain.append()
  return chain
}

export interface PackageOrder {
  readonly format?: ExportFormat
  readonly completeness?: Completeness
  readonly filter?: EvaluatedFilter
  /** Which are disclosed; of the others a header, a leaf, or nothing. Default: what the filter says. */
  readonly kindOf?: (row: StoredEntry) => 'disclosed' | 'header' | 'hidden' | null
  readonly from?: number
  readonly to?: number
  readonly enveloped?: boolean
  readonly witnesses?: readonly Witness[]
  /** Leaves of all entries, where the chain was cut meanwhile. */
  readonly leaves?: readonly Uint8Array[]
  readonly timestamp?: (note: string) => Promise<Uint8Array>
  /** Of the manifest's head, and of the data: what the package says of itself. */
  readonly claims?: Partial<Pick<ManifestHead, 'selection' | 'search' | 'order'>>
  /** What is changed before digests are made: lines of the evidence, the chain file, the data, the manifest. */
  readonly lines?: (lines: string[]) => string[]
  readonly chainFile?: (file: ChainFile) => ChainFile
  readonly data?: (data: string) => string
  readonly manifest?: (manifest: Manifest) => Manifest
  readonly signManifest?: (bytes: Uint8Array) => Promise<Uint8Array>
  readonly createdAt?: Date
}

const MIME = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonl',
  xml: 'text/xml',
  pdf: 'application/pdf',
}
export const NAMES_OF: Names = {
  operators: { 'operator-1': 'Anna B\u00e4rli' },
  offices: { 'office-1': '+Head office, "centre"' },
  stations: {},
  tenants: { 'tenant-1': 'Tenant <One> & Co' },
}

export interface Witness {
  readonly vkey: string
  sign(text: string): Parameters<typeof encodeNote>[0]['signatures'][number]
}
export const openWitness = (name = 'station/station-1'): Witness => {
  const pair = pairOf('ed25519')
  const key = { name, publicKey: pair.spki.slice(-32) }
  const time = Math.floor(AT.getTime() / 1000) - 60
  return {
    vkey: encodeWitnessKey(key),
    sign: (text) => makeCosignature(key, time, pair.sign(cosignatureMessage(time, text))),
  }
}

export const signDetached = (signing: Signing, content: Uint8Array, mimeType: string, at = AT): Promise<Uint8Array> =>
  signDigest({
    contentDigest: digest('sha256', content),
    signer: signing.key,
    certificate: signing.leaf.der,
    signingTime: at,
    mimeType,
  })

const headFor = (order: PackageOrder): ManifestHead => {
  const completeness = order.completeness ?? 'whole'
  const isChain = completeness === 'whole'
  return {
    v: 1,
    product: 'Countersign 0.1.0',
    server: 'node-1',
    tenant: 'tenant-1',
    id: 'export_12345678',
    createdAt: (order.createdAt ?? AT).getTime(),
    requestedBy: { id: 'operator-1', name: 'Anna B\u00e4rli', role: 'auditor', office: null },
    reason: 'asked for by the court',
    selection: isChain
      ? { kind: 'chain', chain: CHAIN }
      : { kind: 'search', search: (order.filter ?? {}) as SavedAuditSearch },
    order: { format: order.format ?? 'jsonl', level: 'B-B', language: 'en', timeZone: 'Europe/Rome' },
    keys: 'software',
    completeness,
    search: { evaluated: true, filter: order.filter ?? (isChain ? { chain: [CHAIN] } : {}) },
    ...order.claims,
  }
}

/** Members of a package over a chain's checkpoint, made as the server makes one. */
export const makePackage = async (
  chain: MemoryChain,
  signing: Signing,
  order: PackageOrder = {},
): Promise<Map<string, Uint8Array>> => {
  const { witnesses = [] } = order
  const made = chain.checkpoint()
  const parsed = parseNote(made.note)
  const note = encodeNote({
    ...parsed,
    signatures: [...parsed.signatures, ...witnesses.map((one) => one.sign(parsed.text))],
  })
  const head = headFor(order)
  const format = head.order.format
  const { completeness } = head
  const names = lookupIn(NAMES_OF)
  const renderer = openRenderer(format as DataFormat, { names, manifestHead: head })
  const leaves = [
    ...(order.leaves ?? []),
    ...chain.rows.map((row) => leafHash(row.bytes)).slice(order.leaves ? -1 * (made.size - order.leaves.length) : 0),
  ]
  const hash = rangeHashOf(leaves)
  const from = order.from ?? chain.cut?.size ?? 0
  const to = order.to ?? made.size - 1
  const kindOf = order.kindOf ?? (() => 'disclosed' as const)
  const counts = { disclosed: 0, headers: 0, hidden: 0 }
  let lines: string[] = []
  const sequences: number[] = []
  let data = renderer.head()
  for (const stored of chain.rows) {
    const kind = stored.sequence < from || stored.sequence > to ? null : kindOf(stored)
    if (kind === null) continue
    sequences.push(stored.sequence)
    const row = rowOf(stored)
    if (kind === 'disclosed') {
      counts.disclosed += 1
      const path = completeness === 'inclusion' ? inclusionProof(hash, stored.sequence, made.size) : null
      lines.push(disclosedLine(row, path))
      data += renderer.row(row)
    } else if (kind === 'header') {
      counts.headers += 1
      lines.push(headerLine(row))
    } else {
      counts.hidden += 1
      lines.push(hiddenLine(stored.sequence, leafHash(stored.bytes)))
    }
  }
  lines = order.lines?.(lines) ?? lines
  const tail = renderer.tail()
  const members = new Map<string, Uint8Array>()
  members.set(README, utf8('<!doctype html><title>Read me</title>'))
  const isEnveloped = format === 'xml' && order.enveloped === true
  if (isEnveloped) {
    const document = utf8(data + tail)
    const signature = await writeEnvelopedSignature({
      signer: signing.key,
      certificate: signing.leaf.der,
      signingTime: AT,
      id: 'S-1',
      mimeType: 'text/xml',
      contentDigest: digest('sha256', document),
    })
    data += signature
  }
  data = order.data?.(data) ?? data
  const content = utf8(data + tail)
  members.set(dataName(format), content)
  if (format === 'xml') {
    members.set('data/audit.xsd', utf8(AUDIT_XSD))
    if (!isEnveloped) {
      const contentDigest = digest('sha256', content)
      const fields = {
        signer: signing.key,
        certificate: signing.leaf.der,
        signingTime: AT,
        id: 'S-1',
        mimeType: 'text/xml',
      }
      members.set(dataSignatureName(format), await signXmlDetached({ ...fields, uri: 'audit.xml', contentDigest }))
    }
  } else members.set(dataSignatureName(format), await signDetached(signing, content, MIME[format]))
  members.set(evidenceName(0), utf8(lines.join('')))
  const origin = chain.noteKey.key.name
  const file: ChainFile = {
    chain: CHAIN,
    origin,
    note,
    timestamp: order.timestamp ? base64(await order.timestamp(note)) : null,
    noteKey: {
      statement: base64(chain.noteStatement.statement),
      endorsement: base64(chain.noteStatement.endorsement),
    },
    keys: chain.keys.map(({ statement, endorsement }) => ({
      statement: base64(statement),
      endorsement: base64(endorsement),
      certificate: null,
    })),
    range:
      completeness === 'inclusion'
        ? null
        : {
            from,
            to,
            left: edgeRanges(from).map(([low, high]) => base64(hash(low, high))),
            right: rightRanges(to + 1, made.size).map(([low, high]) => base64(hash(low, high))),
          },
    cut: chain.cut && {
      statement: base64(chain.cut.statement),
      signature: base64(chain.cut.signature),
      note: chain.cut.note,
    },
    witnesses: witnesses.map(({ vkey }) => ({ vkey, station: null })),
  }
  members.set(chainName(0), encodeChainFile(order.chainFile?.(file) ?? file))
  members.set('names.json', encodeNames(NAMES_OF))
  members.set('certificates/signer.cer', signing.leaf.der)
  members.set('revocation/root.crl', signing.crl)
  const chains = [
    {
      chain: CHAIN,
      origin,
      size: made.size,
      root: base64(made.root),
      from: sequences[0] ?? null,
      to: sequences.at(-1) ?? null,
      ...counts,
    },
  ]
  const manifest: Manifest = { ...head, counts: { entries: counts.disclosed, chains }, members: [] }
  return seal(members, signing, order.manifest?.(manifest) ?? manifest, order)
}

/** Manifest and signature over members as they now are. */
export const seal = async (
  members: ReadonlyMap<string, Uint8Array>,
  signing: Signing,
  manifest: Manifest,
  { signManifest }: Pick<PackageOrder, 'signManifest'> = {},
): Promise<Map<string, Uint8Array>> => {
  const listed = [...members]
    .filter(([name]) => name !== MANIFEST && name !== MANIFEST_SIGNATURE)
    .sort(([left], [right]) => compareMembers(left, right))
  const sealed = encodeManifest({
    ...manifest,
    members: listed.map(([name, bytes]) => ({
      name,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
  })
  const signature = await (signManifest?.(sealed) ?? signDetached(signing, sealed, 'application/json'))
  return new Map([...listed, [MANIFEST, sealed], [MANIFEST_SIGNATURE, signature]])
}

export const zipOf = (members: ReadonlyMap<string, Uint8Array>, at = AT.getTime()): Uint8Array => {
  const list = [...members].map(([name, bytes]) => ({ name, bytes: bytes.length, crc32: crc32(bytes) }))
  const contents = [...members.values()]
  const layout = zipLayout(list, at)
  const pieces = layout
    .pieces(0, layout.size)
    .map((piece) =>
      piece.kind === 'bytes'
        ? piece.bytes
        : (contents[piece.member] ?? new Uint8Array(0)).subarray(piece.offset, piece.offset + piece.length),
    )
  return new Uint8Array(Buffer.concat(pieces))
}

export const readerOf = (bytes: Uint8Array): RandomReader => ({
  size: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
})

export const folderOf = (members: ReadonlyMap<string, Uint8Array>): PackageReader => ({
  members: [...members].map(([name, bytes]) => ({ name, bytes: bytes.length, crc32: null })),
  dosTime: null,
  read: (name, offset, length) =>
    Promise.resolve((members.get(name) ?? new Uint8Array(0)).slice(offset, offset + length)),
})

export const optionsOf = (signing: Signing, changes: Partial<VerifyOptions> = {}): VerifyOptions => ({
  anchors: [signing.root.certificate],
  now: AT,
  revocation: 'require',
  depth: 'full',
  ...changes,
})

export const verifyZip = async (zip: Uint8Array, options: VerifyOptions): Promise<Report> =>
  verifyPackage(await openZipPackage(readerOf(zip)), options)

/** The checks that did not pass, shortly. */
export const faultsOf = (report: Report): readonly string[] =>
  report.checks
    .filter(({ indication, decides }) => decides && indication !== 'TOTAL-PASSED')
    .map(({ check, subIndication, facts }) => {
      const what = facts['what'] ?? facts['reason'] ?? facts['names'] ?? ''
      return `${check} ${subIndication ?? ''} ${String(what)}`.trim()
    })

export const manifestOf = (members: ReadonlyMap<string, Uint8Array>): Manifest =>
  parseManifest(members.get(MANIFEST) ?? new Uint8Array(0))

export { compareMembers, headOf }
