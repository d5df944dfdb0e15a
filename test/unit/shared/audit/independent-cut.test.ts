/** A verifier of a chain that was cut, and of its checkpoints, written from FORMAT.md alone. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Signed {
  statement: string
  endorsement: string
}
interface Vector {
  chain: string
  trusted: string[]
  from: number
  root: string
  cut: { statement: string; signature: string; note: string }
  noteKeys: Signed[]
  checkpoints: string[]
  keys: (Signed & { key: string })[]
  entries: {
    bytes: string
    signature: string
    payload: { salt: string; bytes: string } | null
    erased?: { at: number; by: string; rule: string }
  }[]
}
interface Cut {
  size: number
  edge: string
  last: string
  key: string
  epoch: string | null
  keys: string[]
  checkpoint: string
  signedBy: string
}
interface Body {
  at: number
  sequence: number
  previous: string
  payload: string
  key: string
  action: string
  object: { type: string; id: string }
}
const file = join(import.meta.dirname, '../../../fixtures/audit/cut-vector.json')
const vector = JSON.parse(readFileSync(file, 'utf8')) as Vector

const sha = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const raw = (text: string): Buffer => Buffer.from(text, 'base64url')
const isSigned = (spki: Buffer, data: string, signature: Buffer): boolean => {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(data), key, signature)
}
const must = (holds: boolean, why: string): void => {
  if (!holds) throw new Error(why)
}

/** RFC 6962, its edge kept as [hash, leaves]. */
class Tree {
  readonly edge: [Buffer, number][] = []

  constructor(size: number, bytes: Buffer) {
    let left = size
    for (let at = 0; at < bytes.length; at += 32) {
      const span = 2 ** Math.floor(Math.log2(left))
      this.edge.push([bytes.subarray(at, at + 32), span])
      left -= span
    }
    must(left === 0, 'edge')
  }
  append(leaf: string): void {
    let [hash, span] = [sha(Buffer.of(0), leaf), 1]
    while (this.edge.at(-1)?.[1] === span)
      [hash, span] = [sha(Buffer.of(1), this.edge.pop()?.[0] ?? '', hash), span * 2]
    this.edge.push([hash, span])
  }
  root(): string {
    const hashes = this.edge.map(([hash]) => hash)
    return hashes.reduceRight((right, left) => sha(Buffer.of(1), left, right)).toString('base64')
  }
}

/** The text of a note, once its key's signature was found good. */
const readNote = (note: string, name: string, key: Buffer): string[] => {
  const [text = '', lines = ''] = note.split(/(?<=\n)\n/)
  const line = lines.split('\n').find((one) => one.startsWith(`\u2014 ${name} `)) ?? ''
  const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64')
  const id = sha(`${name}\n`, Buffer.of(1), key).subarray(0, 4)
  must(bytes.subarray(0, 4).equals(id), 'note key')
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
  must(isSigned(spki, text, bytes.subarray(4)), 'note signature')
  must(text.split('\n')[0] === name, 'note origin')
  return [text, ...text.split('\n').slice(1, 3)]
}

const check = ({ chain, trusted, keys, entries, cut, noteKeys, checkpoints }: Vector): string => {
  const statements = new Map(keys.map((one) => [one.key, JSON.parse(one.statement) as Record<string, string>]))
  const spkiOf = (id: string): Buffer => raw(statements.get(id)?.['spki'] ?? '')
  const isEndorsed = (domain: string, { statement, endorsement }: Signed): boolean =>
    isSigned(
      spkiOf((JSON.parse(statement) as Record<string, string>)['endorsedBy'] ?? ''),
      domain + statement,
      raw(endorsement),
    )
  for (const one of keys) {
    must(sha(spkiOf(one.key)).toString('base64url') === one.key, 'key id')
    must(isEndorsed('countersign/audit/key/1\n', one), 'endorsement')
  }
  const said = JSON.parse(cut.statement) as Cut
  must(
    isSigned(spkiOf(said.signedBy), `countersign/audit/cut/1\n${cut.statement}`, raw(cut.signature)),
    'cut signature',
  )
  must(
    said.keys.every((id) => statements.has(id) && said.keys.includes(statements.get(id)?.['endorsedBy'] ?? '')),
    'lineage',
  )
  let above = said.key
  while (!trusted.includes(above) && statements.get(above)?.['endorsedBy'] !== above)
    above = statements.get(above)?.['endorsedBy'] ?? above
  must(trusted.includes(above), 'untrusted')

  const [bound] = noteKeys
  if (!bound) throw new Error('no note key')
  must(isEndorsed('countersign/audit/note-key/1\n', bound), 'note key statement')
  const { origin = '', vkey = '' } = JSON.parse(bound.statement) as Record<string, string>
  must(origin.startsWith(`${chain}/audit/`) && vkey.startsWith(`${origin}+`), 'origin')
  const noteKey = Buffer.from(vkey.split('+').slice(2).join('+'), 'base64').subarray(1)

  const tree = new Tree(said.size, raw(said.edge))
  const [cutText, cutSize, cutRoot] = readNote(cut.note, origin, noteKey)
  must(cutText === said.checkpoint && cutSize === String(said.size) && cutRoot === tree.root(), 'cut checkpoint')
  const due = new Map(
    checkpoints.map((note) => {
      const [, size = '', root = ''] = readNote(note, origin, noteKey)
      return [Number(size), root]
    }),
  )
  let [previous, inForce, epoch, isAnnounced] = [said.last, said.key, said.epoch, false]
  for (const [place, entry] of entries.entries()) {
    const body = JSON.parse(entry.bytes) as Body
    const announces = body.action === 'KeyUse' && body.object.type === 'audit-key'
    must(body.sequence === said.size + place && body.previous === previous, `${body.sequence}: link`)
    must(body.key === inForce || (body.key === epoch && !announces), `${body.sequence}: key`)
    must(
      isSigned(spkiOf(body.key), `countersign/audit/entry/1\n${entry.bytes}`, raw(entry.signature)),
      `${body.sequence}: signature`,
    )
    if (entry.payload) {
      const digest = sha('countersign/audit/payload/1\n', raw(entry.payload.salt), entry.payload.bytes)
      must(digest.toString('base64url') === body.payload, `${body.sequence}: payload`)
    } else {
      const isBuried = entries.slice(place + 1).some(({ bytes, payload }) => {
        const { at, action, object } = JSON.parse(bytes) as Body
        const isTombstone = action === 'Deletion' && object.type === 'audit-payload' && payload !== null
        const [from = '', to = from] = object.id.split('-')
        if (!isTombstone || Number(from) > body.sequence || Number(to) < body.sequence) return false
        const { by, rule } = (JSON.parse(payload.bytes) as { after: { by: string; rule: string } }).after
        return entry.erased?.at === at && entry.erased.by === by && entry.erased.rule === rule
      })
      must(isBuried, `${body.sequence}: erased`)
    }
    if (body.key === inForce) epoch = null
    if (announces && statements.get(body.object.id)?.['kind'] === 'hsm') inForce = body.object.id
    else if (announces) epoch = body.object.id
    const isCut = body.object.type === 'audit-cut' && body.object.id === sha(cut.statement).toString('base64url')
    if (isCut) must(inForce === said.signedBy, 'cut signer')
    isAnnounced ||= isCut
    tree.append(entry.bytes)
    previous = entry.signature
    const root = due.get(body.sequence + 1)
    must(root === undefined || root === tree.root(), `${body.sequence + 1}: checkpoint`)
  }
  must(isAnnounced, 'cut not announced')
  return tree.root()
}

describe('the sample chain that was cut', () => {
  it('verifies by the page alone, with the same root, checkpoints and all', () => {
    expect(vector.from).toBeGreaterThan(0)
    expect(vector.checkpoints.length).toBeGreaterThan(1)
    expect(check(vector)).toBe(vector.root)
  })

  it.each<[string, (from: Vector) => Vector, string]>([
    ['its first entry gone', (from) => ({ ...from, entries: from.entries.slice(1) }), 'link'],
    [
      'another cut',
      (from) => ({ ...from, cut: { ...from.cut, statement: from.cut.statement.replace('window', 'Window') } }),
      'cut signature',
    ],
    ['no entry that announces the cut', (from) => ({ ...from, entries: from.entries.slice(0, 1) }), 'not announced'],
    [
      'the note of another size',
      (from) => ({ ...from, cut: { ...from.cut, note: from.checkpoints[1] ?? '' } }),
      'cut checkpoint',
    ],
    ...(['at', 'by', 'rule'] as const).map((mark): [string, (from: Vector) => Vector, string] => [
      `another mark of what was erased: ${mark}`,
      (from) => ({
        ...from,
        entries: from.entries.map((entry) =>
          entry.erased ? { ...entry, erased: { ...entry.erased, [mark]: mark === 'at' ? 1 : 'another' } } : entry,
        ),
      }),
      'erased',
    ]),
    ['nobody trusted', (from) => ({ ...from, trusted: [] }), 'untrusted'],
  ])('is refused with %s', (_, change, why) => {
    expect(() => check(change(vector))).toThrow(why)
  })
})
