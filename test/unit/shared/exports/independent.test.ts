/** A verifier written from FORMAT.md alone: none of our code but, at the end, the verdict to compare with. */
import { createHash, createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import * as asn1 from 'asn1js'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../../../../shared/pki/index.ts'
import { AT, verifyZip } from './kit.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/exports')
const file = (name: string): Buffer => readFileSync(join(FIXTURES, name))

const sha = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const b64 = (text: string): Buffer => Buffer.from(text, 'base64')
const b64u = (text: string): Buffer => Buffer.from(text, 'base64url')
const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

/** Members in order, from local headers alone: they follow each other without a gap up to the directory. */
const unzip = (zip: Buffer): Map<string, Buffer> => {
  const members = new Map<string, Buffer>()
  let at = 0
  while (zip.readUInt32LE(at) === 0x04034b50) {
    const [crc, size, name] = [zip.readUInt32LE(at + 14), zip.readUInt32LE(at + 18), zip.readUInt16LE(at + 26)]
    must(zip.readUInt16LE(at + 8) === 0 && zip.readUInt16LE(at + 28) === 0, 'stored')
    const content = zip.subarray(at + 30 + name, at + 30 + name + size)
    must(crc32(content) === crc, 'crc')
    members.set(zip.toString('ascii', at + 30, at + 30 + name), content)
    at += 30 + name + size
  }
  must(zip.readUInt32LE(zip.length - 6) === at, 'directory')
  return members
}

const valueOf = (block: unknown): asn1.BaseBlock[] =>
  (block as asn1.Sequence).valueBlock.value as unknown as asn1.BaseBlock[]
const oidOf = (block: unknown): string => (block as asn1.ObjectIdentifier).valueBlock.toString()
const encoded = (block: asn1.BaseBlock): Buffer => Buffer.from(block.toBER())
const octets = (block: unknown): Buffer => Buffer.from((block as asn1.OctetString).valueBlock.valueHexView)

/** CMS of one signer by P-256 with SHA-256, detached: its digest is the content's, its attributes are signed. */
const checkCms = (cms: Buffer, content: Buffer, anchor: X509Certificate): void => {
  const { result, offset } = asn1.fromBER(cms)
  must(offset === cms.length, 'CMS')
  const [signed] = valueOf(valueOf(result)[1])
  const fields = valueOf(signed)
  const certificate = new X509Certificate(encoded(valueOf(fields[3])[0]!))
  must(certificate.verify(anchor.publicKey), 'certificate')
  const info = valueOf(valueOf(fields.at(-1))[0])
  const attributes = valueOf(info[3])
  const digest = attributes.find((one) => oidOf(valueOf(one)[0]) === '1.2.840.113549.1.9.4')
  must(octets(valueOf(valueOf(digest)[1])[0]).equals(sha(content)), 'messageDigest')
  const data = encoded(info[3]!)
  data[0] = 0x31
  must(verify('sha256', data, certificate.publicKey, octets(info[5])), 'signature')
}

interface Manifest {
  members: { name: string; bytes: number; sha256: string }[]
  completeness: string
  search: { filter: { objectId?: string } }
  counts: { entries: number; chains: { chain: string; origin: string; size: number; root: string }[] }
}
interface ChainFile {
  note: string
  noteKey: { statement: string; endorsement: string }
  keys: { statement: string; endorsement: string }[]
  range: { from: number; to: number; left: string[]; right: string[] } | null
}
interface Entry {
  sequence: number
  previous: string
  payload: string
  key: string
  object: { id: string }
}

const keyOf = (spki: Buffer): KeyObject => createPublicKey({ key: spki, format: 'der', type: 'spki' })
const isSigned = (key: KeyObject, data: string | Buffer, signature: Buffer): boolean =>
  verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(data), key, signature)

/** Keys by id, each endorsed by one that leads back to the key the origin names. */
const keysOf = (chain: ChainFile, origin: string): Map<string, KeyObject> => {
  const known = new Map<string, KeyObject>()
  const root = origin.split('/audit/')[1]
  for (const { statement, endorsement } of chain.keys) {
    const text = b64(statement)
    const said = JSON.parse(text.toString()) as { key: string; spki: string; endorsedBy: string }
    const key = keyOf(b64u(said.spki))
    must(sha(b64u(said.spki)).toString('base64url') === said.key, 'key id')
    const endorser = said.key === root ? key : known.get(said.endorsedBy)
    must(
      endorser !== undefined && isSigned(endorser, `countersign/audit/key/1\n${text.toString()}`, b64(endorsement)),
      'endorsement',
    )
    known.set(said.key, key)
  }
  return known
}

/** Size and root of the note, signed by the key the key store bound. */
const checkNote = (
  { note, noteKey }: ChainFile,
  origin: string,
  keys: Map<string, KeyObject>,
): { size: number; root: string } => {
  const text = b64(noteKey.statement).toString()
  const said = JSON.parse(text) as { origin: string; vkey: string; endorsedBy: string }
  const endorser = keys.get(said.endorsedBy)
  must(said.origin === origin && endorser !== undefined, 'note key')
  must(isSigned(endorser!, `countersign/audit/note-key/1\n${text}`, b64(noteKey.endorsement)), 'note key')
  const raw = b64(said.vkey.split('+').slice(2).join('+')).subarray(1)
  const key = keyOf(Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]))
  const split = note.lastIndexOf('\n\n')
  const body = note.slice(0, split + 1)
  const line = note
    .slice(split + 2)
    .split('\n')
    .find((one) => one.startsWith(`\u2014 ${origin} `))
  must(line !== undefined && isSigned(key, body, b64(line.split(' ')[2]!).subarray(4)), 'note')
  const [named, size, root] = body.split('\n')
  must(named === origin, 'origin')
  return { size: Number(size), root: root! }
}

const node = (left: Buffer, right: Buffer): Buffer => sha(Buffer.of(1), left, right)
const rootOf = (leaves: readonly Buffer[]): Buffer => {
  if (leaves.length === 1) return leaves[0]!
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return node(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}
/** RFC 9162 2.1.3.2. */
const rootByPath = (leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer => {
  let [fn, sn, hash] = [index, size - 1, leaf]
  for (const step of path) {
    if (fn % 2 === 1 || fn === sn) {
      hash = node(step, hash)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else hash = node(hash, step)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  return hash
}

/** Lines of one chain against its checkpoint; gives what was disclosed. */
const checkLines = (
  text: Buffer,
  chain: ChainFile,
  keys: Map<string, KeyObject>,
  note: { size: number; root: string },
  filter: { objectId?: string },
) => {
  const leaves: Buffer[] = []
  const rows: { entry: string; payload: string }[] = []
  let previous: string | null = null
  must(text.at(-1) === 10, 'last line feed')
  for (const line of text.toString('latin1').slice(0, -1).split('\n')) {
    const bytes = Buffer.from(line, 'latin1')
    const hidden = /^\{"q":\d+,"h":"([^"]+)"\}$/.exec(line)
    if (hidden) {
      leaves.push(b64u(hidden[1]!))
      previous = null
      continue
    }
    const [begin, n, , p] = /^\{"n":\[(\d+)(,(\d+))?\],"e":/.exec(line) ?? []
    const at = begin!.length
    const body = bytes.subarray(at, at + Number(n))
    const entry = JSON.parse(body.toString()) as Entry
    const leaf = sha(Buffer.of(0), body)
    const rest = at + Number(n) + (p === undefined ? 0 : 5 + Number(p))
    const said = JSON.parse(`{${bytes.subarray(rest + 1).toString()}`) as {
      s: string
      t?: string
      i?: string[]
      x?: object
    }
    must(previous === null || entry.previous === previous, 'previous')
    previous = said.i ? null : said.s
    const key = keys.get(entry.key)
    must(
      key !== undefined &&
        isSigned(key, Buffer.concat([Buffer.from('countersign/audit/entry/1\n'), body]), b64u(said.s)),
      'entry signature',
    )
    const fits = filter.objectId === undefined || entry.object.id === filter.objectId
    must(fits === (p !== undefined), 'completeness')
    if (p !== undefined) {
      const payload = bytes.subarray(at + Number(n) + 5, rest)
      const digest = sha('countersign/audit/payload/1\n', b64u(said.t!), payload).toString('base64url')
      must(said.x !== undefined || digest === entry.payload, 'payload')
      rows.push({ entry: body.toString(), payload: payload.toString() })
    }
    if (said.i)
      must(rootByPath(leaf, entry.sequence, note.size, said.i.map(b64)).toString('base64') === note.root, 'inclusion')
    leaves.push(leaf)
  }
  // These vectors are of whole chains where they have a range: nothing to the left or right.
  if (chain.range) must(leaves.length === note.size && rootOf(leaves).toString('base64') === note.root, 'root')
  return rows
}

const verifyFile = (zip: Buffer, anchor: X509Certificate): number => {
  const members = unzip(zip)
  const names = [...members.keys()]
  const content = members.get('manifest.json')!
  checkCms(members.get('manifest.json.p7s')!, content, anchor)
  const manifest = JSON.parse(content.toString()) as Manifest
  must(
    JSON.stringify([...manifest.members.map(({ name }) => name), 'manifest.json', 'manifest.json.p7s']) ===
      JSON.stringify(names),
    'members',
  )
  for (const { name, bytes, sha256 } of manifest.members) {
    const member = members.get(name)!
    must(member.length === bytes && sha(member).toString('hex') === sha256, `digest of ${name}`)
  }
  const [said] = manifest.counts.chains
  const chain = JSON.parse(members.get('chains/0.json')!.toString()) as ChainFile
  const keys = keysOf(chain, said!.origin)
  const note = checkNote(chain, said!.origin, keys)
  must(note.size === said!.size && note.root === said!.root, 'checkpoint')
  const rows = checkLines(members.get('evidence/0.jsonl')!, chain, keys, note, manifest.search.filter)
  const data = names.find((name) => /^data\/audit\.(csv|jsonl?)$/.test(name))!
  checkCms(members.get(`${data}.p7s`)!, members.get(data)!, anchor)
  // What the evidence has stands in the data as it is, one after the other.
  if (!data.endsWith('.csv')) {
    const objects = data.endsWith('.json')
      ? (JSON.parse(members.get(data)!.toString()) as { entries: object[] }).entries
      : members
          .get(data)!
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as object)
    must(objects.length === rows.length, 'data')
    for (const [place, object] of objects.entries()) {
      const text = JSON.stringify(object)
      must(text.startsWith(`{"entry":${rows[place]!.entry},"payload":${rows[place]!.payload},`), 'data')
    }
  } else must(members.get(data)!.toString().split('\r\n').length === rows.length + 2, 'data')
  must(rows.length === manifest.counts.entries, 'counts')
  return rows.length
}

const ANCHOR = new X509Certificate(file('anchor.cer'))

describe('when a package is verified from the page alone', () => {
  it.each([
    ['whole.zip', 'TOTAL-PASSED'],
    // Some of its entries are hidden: what is there is right, that nothing was left out is not proved.
    ['headers.zip', 'INDETERMINATE'],
    ['inclusion.zip', 'TOTAL-PASSED'],
  ])('%s is right, and for us %s', async (name, indication) => {
    expect(verifyFile(file(name), ANCHOR)).toBeGreaterThan(0)
    const options = {
      anchors: [parseCertificate(new Uint8Array(file('anchor.cer')))],
      now: AT,
      revocation: 'require',
      depth: 'full',
    } as const
    expect((await verifyZip(new Uint8Array(file(name)), options)).indication).toBe(indication)
  })

  it.each(['evidence/0.jsonl', 'chains/0.json', 'names.json', 'manifest.json'])('notices a change of %s', (name) => {
    const zip = file('headers.zip')
    const at = zip.indexOf(unzip(zip).get(name)!) + 60
    zip[at] = zip[at]! ^ 1
    expect(() => verifyFile(zip, ANCHOR)).toThrow()
  })
})
