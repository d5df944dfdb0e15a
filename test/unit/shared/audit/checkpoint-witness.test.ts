import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  encodeCheckpoint,
  encodeNote,
  encodeNoteKey,
  noteKeyId,
  parseNote,
} from '../../../../shared/audit/checkpoint.ts'
import {
  cosignatureMessage,
  encodeWitnessKey,
  findCosignature,
  makeCosignature,
  parseCosignature,
  parseWitnessKey,
  verifyCosignature,
  witnessKeyId,
} from '../../../../shared/audit/cosignature.ts'
import { createSignatureVerifier, keyIdOf } from '../../../../shared/audit/crypto.ts'
import { encodeKeyStatement } from '../../../../shared/audit/key-statement.ts'
import { keySigningBytes } from '../../../../shared/audit/link.ts'
import { leafHash } from '../../../../shared/audit/merkle.ts'
import { rawOfSpki } from '../../../../shared/audit/note-key.ts'
import {
  encodeNoteKeyStatement,
  noteKeySigningBytes,
  originOf,
  parseNoteKeyStatement,
  rootKeyIdOf,
  storedNoteKeyOf,
  traceHsmKeys,
  verifyCheckpointNote,
} from '../../../../shared/audit/note-key-statement.ts'
import { encodeTlogProof, parseTlogProof, verifyTlogProof } from '../../../../shared/audit/tlog-proof.ts'

const verify = createSignatureVerifier()
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const newKey = () => {
  const pair = generateKeyPairSync('ed25519')
  const spki = Uint8Array.from(pair.publicKey.export({ format: 'der', type: 'spki' }))
  const signBytes = (data: Uint8Array) => Uint8Array.from(sign(null, data, pair.privateKey))
  return { spki, publicKey: rawOfSpki(spki), keyId: keyIdOf(spki), sign: signBytes }
}

const CHAIN = 'node-1'
const hsm = newKey()
const origin = originOf(CHAIN, hsm.keyId)
const log = newKey()
const logKey = { name: origin, publicKey: log.publicKey }
const desk = newKey()
const deskKey = { name: 'station/station_1', publicKey: desk.publicKey }
const root = leafHash(utf8('entry'))
const text = encodeCheckpoint({ origin, size: 1, root })
const logLine = { name: origin, keyId: noteKeyId(logKey), signature: log.sign(utf8(text)) }
const cosign = (time: number, of = text) => makeCosignature(deskKey, time, desk.sign(cosignatureMessage(time, of)))
const note = encodeNote({ text, signatures: [logLine, cosign(1000)] })

describe('a cosignature (C2SP tlog-cosignature)', () => {
  it('says when the witness saw the checkpoint', () => {
    expect(findCosignature(note, deskKey, verify)).toMatchObject({ time: 1000, checkpoint: { size: 1, origin } })
    expect(parseWitnessKey(encodeWitnessKey(deskKey))).toEqual(deskKey)
    const twice = encodeNote({ text, signatures: [logLine, cosign(1000), cosign(2000)] })
    expect(findCosignature(twice, deskKey, verify)).toMatchObject({ time: 2000 })
    expect(findCosignature(encodeNote({ text, signatures: [logLine] }), deskKey, verify)).toBeNull()
    expect(findCosignature(note, { name: 'station/other', publicKey: desk.publicKey }, verify)).toBeNull()
  })

  it('has a key id of its own type: neither passes as the other', () => {
    expect(witnessKeyId(deskKey)).not.toEqual(noteKeyId(deskKey))
    expect(() => parseWitnessKey(encodeNoteKey(deskKey))).toThrow('REQUEST_INVALID')
  })

  const line = cosign(1000)
  const other = encodeCheckpoint({ origin, size: 2, root })
  it.each([
    ['another checkpoint', other, line],
    ['another time', text, makeCosignature(deskKey, 1001, parseCosignature(line).signature)],
    ['a plain signature of the text', text, { ...line, signature: desk.sign(utf8(text)) }],
    ['another signer', text, makeCosignature(deskKey, 1000, log.sign(cosignatureMessage(1000, text)))],
    ['another name', text, { ...line, name: 'station/other' }],
    ['another key id', text, { ...line, keyId: Uint8Array.from([1, 2, 3, 4]) }],
    ['a cut signature', text, { ...line, signature: line.signature.slice(0, -1) }],
    ['a time past all calendars', text, { ...line, signature: line.signature.with(0, 0xff) }],
  ])('is refused for %s', (_, of, wrong) => {
    expect(() => verifyCosignature(of, wrong, deskKey, verify)).toThrow('REQUEST_INVALID')
  })

  it('refuses a note whose line claims the key and lies', () => {
    const lie = makeCosignature(deskKey, 3000, parseCosignature(line).signature)
    const both = encodeNote({ text, signatures: [logLine, line, lie] })
    expect(() => findCosignature(both, deskKey, verify)).toThrow('REQUEST_INVALID')
  })
})

describe('a proof file (C2SP tlog-proof)', () => {
  const file = encodeTlogProof({ index: 0, hashes: [], note, extra: utf8('entry') })

  it('carries entry, place, path and the signed note', () => {
    expect(parseTlogProof(file)).toMatchObject({ index: 0, hashes: [], note })
    expect(verifyTlogProof(file, utf8('entry'), logKey, verify)).toMatchObject({ index: 0, checkpoint: { size: 1 } })
    expect(parseTlogProof(encodeTlogProof({ index: 7, hashes: [root], note })).extra).toBeUndefined()
  })

  it.each([
    ['another header', file.replace('@v1', '@v2')],
    ['no index', file.replace('index 0\n', '')],
    ['a leading zero', file.replace('index 0', 'index 00')],
    ['a negative index', file.replace('index 0', 'index -1')],
    ['a short hash', file.replace('index 0\n', 'index 0\nAAAA\n')],
    ['malformed extra data', file.replace('extra ', 'extra *')],
    ['no note', file.slice(0, file.indexOf('\n\n'))],
  ])('is refused with %s', (_, wrong) => {
    expect(() => verifyTlogProof(wrong, utf8('entry'), logKey, verify)).toThrow('REQUEST_INVALID')
  })

  it.each([
    ['another entry', file, utf8('other'), logKey],
    ['another place', file.replace('index 0', 'index 1'), utf8('entry'), logKey],
    [
      'a hash too many',
      file.replace('index 0\n', `index 0\n${Buffer.from(root).toString('base64')}\n`),
      utf8('entry'),
      logKey,
    ],
    ['another log', file, utf8('entry'), { name: origin, publicKey: desk.publicKey }],
    ['a log of another name', file, utf8('entry'), { name: 'other', publicKey: log.publicKey }],
  ])('proves nothing of %s', (_, shown, entry, key) => {
    expect(() => verifyTlogProof(shown, entry, key, verify)).toThrow('REQUEST_INVALID')
  })
})

const bind = (by: ReturnType<typeof newKey>, more: Partial<Parameters<typeof encodeNoteKeyStatement>[0]> = {}) => {
  const described = { chain: CHAIN, origin, vkey: encodeNoteKey(logKey), endorsedBy: by.keyId, createdAt: 1, ...more }
  const statement = encodeNoteKeyStatement(described)
  return { statement, endorsement: by.sign(noteKeySigningBytes(statement)) }
}
const bring = (key: ReturnType<typeof newKey>, by: ReturnType<typeof newKey>, kind: 'hsm' | 'epoch' = 'hsm') => {
  const statement = encodeKeyStatement({
    keyId: key.keyId,
    chain: CHAIN,
    kind,
    algorithm: 'ed25519',
    label: null,
    spki: key.spki,
    certificate: null,
    endorsedBy: by.keyId,
    createdAt: 1,
  })
  return { statement, endorsement: by.sign(keySigningBytes(statement)) }
}

describe('what binds a note key to the key store', () => {
  const next = newKey()
  const last = newKey()
  const epoch = newKey()
  const stranger = newKey()
  // In no order, with a stray self-endorsed key among them.
  const lineage = [
    bring(last, next),
    bring(stranger, stranger),
    bring(next, hsm),
    bring(epoch, hsm, 'epoch'),
    bring(hsm, hsm),
  ]
  const trusted = traceHsmKeys(CHAIN, lineage, [rootKeyIdOf(CHAIN, origin)], verify)

  it('leads from the key the origin names over every roll-over', () => {
    expect(trusted.map((key) => key.keyId).sort()).toEqual([hsm.keyId, next.keyId, last.keyId].sort())
    for (const by of [hsm, next, last])
      expect(verifyCheckpointNote(note, [bind(by)], trusted, verify).checkpoint).toMatchObject({ size: 1, origin })
  })

  it.each([
    ['a key nobody brought in', [bind(stranger)]],
    ['an epoch key', [bind(epoch)]],
    ['another signature', [{ ...bind(hsm), endorsement: bind(next).endorsement }]],
    ['no statement', []],
    ['a statement of another key', [bind(hsm, { vkey: encodeNoteKey({ name: origin, publicKey: desk.publicKey }) })]],
  ])('is refused from %s', (_, statements) => {
    expect(() => verifyCheckpointNote(note, statements, trusted, verify)).toThrow('REQUEST_INVALID')
  })

  it('refuses a roll-over nobody in force signed', () => {
    const forged = { ...bring(next, hsm), endorsement: stranger.sign(utf8('x')) }
    expect(() => traceHsmKeys(CHAIN, [bring(hsm, hsm), forged], [hsm.keyId], verify)).toThrow('REQUEST_INVALID')
    expect(() => traceHsmKeys('node-2', [bring(hsm, hsm)], [hsm.keyId], verify)).toThrow('REQUEST_INVALID')
  })

  it.each([
    ['another chain', { chain: 'node-2' }],
    ['another origin', { origin: originOf(CHAIN, next.keyId) }],
  ])('the statement must agree with itself: %s', (_, more) => {
    expect(() => parseNoteKeyStatement(bind(hsm, more).statement)).toThrow('REQUEST_INVALID')
  })

  it('a note of another origin is refused though the key is ours', () => {
    const elsewhere = encodeCheckpoint({ origin: 'elsewhere', size: 1, root })
    const line = { ...logLine, signature: log.sign(utf8(elsewhere)) }
    const moved = encodeNote({ text: elsewhere, signatures: [line] })
    expect(() => verifyCheckpointNote(moved, [bind(hsm)], trusted, verify)).toThrow('REQUEST_INVALID')
  })

  it('is told to the verifier of the whole chain as bound or not', () => {
    const endorsed = bind(hsm)
    expect(storedNoteKeyOf(CHAIN, log.publicKey, hsm.keyId, endorsed).isBound(hsm.spki, verify)).toBe(true)
    for (const wrong of [
      storedNoteKeyOf('node-2', log.publicKey, hsm.keyId, endorsed),
      storedNoteKeyOf(CHAIN, desk.publicKey, hsm.keyId, endorsed),
      storedNoteKeyOf(CHAIN, log.publicKey, next.keyId, endorsed),
      storedNoteKeyOf(CHAIN, log.publicKey, hsm.keyId, { ...endorsed, endorsement: endorsed.endorsement.with(3, 1) }),
      storedNoteKeyOf(CHAIN, log.publicKey, hsm.keyId, { ...endorsed, statement: utf8('{}') }),
    ])
      expect(wrong.isBound(hsm.spki, verify)).toBe(false)
  })

  it('any bit of the statement changed is refused', () => {
    const { statement, endorsement } = bind(hsm)
    for (let at = 0; at < statement.length; at += 7) {
      const changed = statement.with(at, (statement[at] ?? 0) ^ 1)
      expect(() => verifyCheckpointNote(note, [{ statement: changed, endorsement }], trusted, verify)).toThrow()
    }
  })

  it('bounds the signatures of a note', () => {
    const many = encodeNote({ text, signatures: Array.from({ length: 101 }, () => logLine) })
    expect(() => parseNote(many)).toThrow('REQUEST_INVALID')
  })
})
