import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  encodeCheckpoint,
  encodeNote,
  encodeNoteKey,
  noteKeyId,
  parseCheckpoint,
  parseNote,
  parseNoteKey,
  verifyNote,
} from '../../../../shared/audit/checkpoint.ts'
import { createSignatureVerifier } from '../../../../shared/audit/crypto.ts'

const verify = createSignatureVerifier()

/** The example of Go's golang.org/x/mod/sumdb/note. */
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const PETER_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const PETER_NOTE =
  `${PETER_TEXT}\n` +
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

const root = Uint8Array.from({ length: 32 }, (_, index) => index)
const checkpoint = { origin: 'countersign.example/audit/node-1', size: 20852163, root }

const pair = generateKeyPairSync('ed25519')
const publicKey = Uint8Array.from(pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(12))
const key = { name: 'countersign.example/audit/node-1', publicKey }
const signed = (text: string): string =>
  encodeNote({
    text,
    signatures: [{ name: key.name, keyId: noteKeyId(key), signature: sign(null, Buffer.from(text), pair.privateKey) }],
  })

describe('a signed note (C2SP)', () => {
  it('made by another program verifies', () => {
    const peter = parseNoteKey(PETER)
    expect(encodeNoteKey(peter)).toBe(PETER)
    expect(verifyNote(PETER_NOTE, peter, verify)).toBe(PETER_TEXT)
  })

  it.each([
    ['another text', PETER_NOTE.replace('answer', 'Answer')],
    ['another signature', PETER_NOTE.replace('x08go/ZJ', 'x08go/ZK')],
    ['no signature', `${PETER_TEXT}\n`],
    ['no empty line', PETER_TEXT],
    ['a cut end', PETER_NOTE.slice(0, -1)],
    ['a control character', PETER_NOTE.replace('you', 'y\u0000u')],
    ['only another signer', PETER_NOTE.replace('PeterNeumann', 'PaulNeumann')],
  ])('is refused with %s', (_, note) => {
    expect(() => verifyNote(note, parseNoteKey(PETER), verify)).toThrow('REQUEST_INVALID')
  })

  it('passes over signatures of others', () => {
    const text = encodeCheckpoint(checkpoint)
    const stranger = { name: 'witness.example', keyId: Uint8Array.from([1, 2, 3, 4]), signature: new Uint8Array(72) }
    const note = encodeNote({ text, signatures: [stranger, ...parseNote(signed(text)).signatures] })
    expect(verifyNote(note, key, verify)).toBe(text)
  })

  it.each([
    ['another id', PETER.replace('c74f20a3', 'c74f20a4')],
    ['another algorithm', PETER.replace('+AR', '+BR')],
    ['no name', PETER.slice('PeterNeumann'.length)],
    ['a short key', PETER.slice(0, -8)],
  ])('takes no key with %s', (_, text) => {
    expect(() => parseNoteKey(text)).toThrow('REQUEST_INVALID')
  })
})

describe('a checkpoint (C2SP tlog-checkpoint)', () => {
  it('is three lines, and comes back', () => {
    const text = encodeCheckpoint(checkpoint)
    expect(text).toBe('countersign.example/audit/node-1\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n')
    expect(parseCheckpoint(verifyNote(signed(text), key, verify))).toEqual({ ...checkpoint, extensions: [] })
    const extended = encodeCheckpoint({ ...checkpoint, extensions: ['more'] })
    expect(parseCheckpoint(extended).extensions).toEqual(['more'])
  })

  it.each([
    ['a leading zero', 'o\n01\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n'],
    ['a sign', 'o\n+1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n'],
    ['a size past 2^53', 'o\n99999999999999999\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n'],
    ['a short root', 'o\n1\nAAEC\n'],
    ['no root', 'o\n1\n'],
    ['an empty origin', '\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n'],
    ['an empty extension', 'o\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n'],
    ['no last newline', 'o\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='],
    ['base64 of another form', 'o\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow('REQUEST_INVALID')
  })
})
