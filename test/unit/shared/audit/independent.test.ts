/** A verifier written from FORMAT.md alone: nothing of shared/audit but, at the end, the verdict to compare with. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../../../shared/audit/base64url.ts'
import { parseEntry } from '../../../../shared/audit/entry.ts'
import { parseKeyStatement } from '../../../../shared/audit/key-statement.ts'
import type { StoredChain, StoredEntry } from '../../../../shared/audit/stored.ts'
import { verifyChain } from '../../../../shared/audit/verification.ts'

interface Vector {
  chain: string
  trusted: string[]
  root: string
  head: { sequence: number; signature: string }
  keys: { key: string; statement: string; endorsement: string }[]
  entries: { bytes: string; signature: string; payload: { salt: string; bytes: string } }[]
}
interface Body {
  sequence: number
  chain: string
  previous: string
  payload: string
  key: string
  action: string
  object: { type: string; id: string }
}
const FIXTURES = join(import.meta.dirname, '../../../fixtures/audit')
const vector = JSON.parse(readFileSync(join(FIXTURES, 'chain-vector.json'), 'utf8')) as Vector

const sha = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const raw = (text: string): Buffer => Buffer.from(text, 'base64url')

const isSigned = (spki: string, data: string, signature: string): boolean => {
  const key = createPublicKey({ key: raw(spki), format: 'der', type: 'spki' })
  return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(data), key, raw(signature))
}
const rootOf = (leaves: readonly string[]): Buffer => {
  const [first] = leaves
  if (first === undefined) return sha()
  if (leaves.length === 1) return sha(Buffer.of(0), first)
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return sha(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** Throws at the first entry that is not as the page says; gives the root. */
const check = ({ chain, trusted, keys, entries }: Vector): string => {
  const statements = new Map(
    keys.map((key) => [key.key, { ...key, says: JSON.parse(key.statement) as Record<string, string> }]),
  )
  let previous = sha('countersign/audit/genesis/1\n', chain).toString('base64url')
  let inForce: string | null = null
  let epoch: string | null = null
  let isTrusted = false
  const leaves: string[] = []
  for (const [sequence, entry] of entries.entries()) {
    const body = JSON.parse(entry.bytes) as Body
    const fail = (why: string): never => {
      throw new Error(`${sequence}: ${why}`)
    }
    const announces = body.action === 'KeyUse' && body.object.type === 'audit-key'
    if (body.chain !== chain || body.sequence !== sequence || body.previous !== previous) fail('link')
    const signer: string | null =
      sequence === 0 && announces ? body.object.id : body.key === epoch && !announces ? epoch : inForce
    const known = statements.get(body.key)
    if (body.key !== signer || !known || sha(raw(known.says.spki ?? '')).toString('base64url') !== body.key)
      return fail('key')
    if (!isSigned(known.says.spki ?? '', `countersign/audit/entry/1\n${entry.bytes}`, entry.signature))
      fail('signature')
    const digest = sha('countersign/audit/payload/1\n', raw(entry.payload.salt), entry.payload.bytes)
    if (digest.toString('base64url') !== body.payload) fail('payload')
    if (body.key !== epoch) {
      epoch = null
      isTrusted ||= trusted.includes(body.key)
    }
    if (announces) {
      const brought = statements.get(body.object.id)
      const { after } = JSON.parse(entry.payload.bytes) as { after: { tree: { size: number; root: string } } }
      if (after.tree.size !== sequence || after.tree.root !== rootOf(leaves).toString('base64url')) fail('tree')
      if (!brought || brought.says.endorsedBy !== body.key) return fail('endorser')
      if (!isSigned(known.says.spki ?? '', `countersign/audit/key/1\n${brought.statement}`, brought.endorsement))
        fail('endorsement')
      if (brought.says.kind === 'hsm') inForce = body.object.id
      else epoch = body.object.id
    }
    leaves.push(entry.bytes)
    previous = entry.signature
  }
  if (!isTrusted) throw new Error('untrusted')
  return rootOf(leaves).toString('base64')
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const toRow = (entry: Vector['entries'][number]): StoredEntry => {
  const bytes = bytesOf(entry.bytes)
  const body = parseEntry(bytes)
  const payload = { salt: decodeBase64url(entry.payload.salt), bytes: bytesOf(entry.payload.bytes) }
  return {
    chain: body.chain,
    sequence: body.sequence,
    bytes,
    signature: decodeBase64url(entry.signature),
    previousSignature: body.previous,
    keyId: body.key,
    intentId: body.intent,
    at: body.at,
    tenant: body.tenant,
    division: body.division,
    office: body.office,
    operatorId: body.operator?.id ?? null,
    operatorRole: body.operator?.role ?? null,
    station: body.station,
    action: body.action,
    objectType: body.object.type,
    objectId: body.object.id,
    correlationId: body.correlationId,
    payloads: [{ ...payload, erasedAt: null, erasedBy: null, erasedRule: null }],
  }
}
const stored: StoredChain = {
  chain: vector.chain,
  head: { sequence: vector.head.sequence, signature: decodeBase64url(vector.head.signature), frontier: null },
  keys: vector.keys.map(({ key, statement, endorsement }) => {
    const says = parseKeyStatement(bytesOf(statement))
    return {
      keyId: key,
      chain: says.chain,
      kind: says.kind,
      algorithm: says.algorithm,
      label: says.label,
      spki: decodeBase64url(says.spki),
      certificate: null,
      statement: bytesOf(statement),
      endorsedBy: says.endorsedBy,
      endorsement: decodeBase64url(endorsement),
      createdAt: says.createdAt,
    }
  }),
  entries: async function* (from) {
    await Promise.resolve()
    yield vector.entries.map(toRow).filter((row) => row.sequence >= from)
  },
}

describe('the sample chain', () => {
  it('verifies by the page alone, with the same root', () => {
    expect(check(vector)).toBe(vector.root)
  })

  it.each(['quick', 'full'] as const)('verifies by ours, with the same root: %s', async (mode) => {
    const verdict = await verifyChain(stored, { mode, trustedKeyIds: vector.trusted })
    expect(verdict).toMatchObject({ ok: true, root: vector.root, head: vector.head, entries: 14 })
  })

  it('holds two epochs, a roll-over of the key, payloads with and without before', () => {
    expect(vector.entries.map((entry) => (JSON.parse(entry.bytes) as Body).action)).toContain('Modification')
    expect(vector.keys.map((key) => (JSON.parse(key.statement) as { kind: string }).kind).sort()).toEqual([
      'epoch',
      'epoch',
      'epoch',
      'epoch',
      'hsm',
      'hsm',
    ])
  })

  it.each([
    ['another time', (text: string) => text.replace('"at":1', '"at":2'), '4: signature'],
    ['another previous', (text: string) => text.replace(/"previous":"./, '"previous":"_'), '4: link'],
  ])('is refused by the page alone with %s', (_, change, where) => {
    const entries = vector.entries.map((entry, place) =>
      place === 4 ? { ...entry, bytes: change(entry.bytes) } : entry,
    )
    expect(entries[4]).not.toEqual(vector.entries[4])
    expect(() => check({ ...vector, entries })).toThrow(where)
  })
})
