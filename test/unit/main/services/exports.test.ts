import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/index.ts'
import type { ExportView } from '../../../../shared/contract/routes/exports.ts'
import {
  cmsHashFor,
  keyAlgorithmOf,
  parseCertificate,
  prepareSignedAttributes,
  signatureAlgorithmFor,
  verifySignature,
} from '../../../../shared/pki/index.ts'
import { MemoryCard } from '../../../fakes/desk/memory-card.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'

const id = 'export_00000001'
const manifest = Buffer.from('{"v":1}')
const manifestDigest = createHash('sha256').update(manifest).digest('hex')
const view: ExportView = {
  id,
  state: 'ready',
  selection: { kind: 'chain', chain: 'desk-server-1' },
  format: 'jsonl',
  level: 'B-T',
  completeness: 'whole',
  language: 'en',
  reason: 'Request of a court',
  requestedBy: { id: 'operator_00000001', name: 'Elena Conti' },
  requestedAt: 1,
  endedAt: 2,
  keptUntil: 3,
  phase: null,
  written: 12,
  total: 12,
  bytes: 4096,
  fileName: 'audit.zip',
  manifestDigest,
  signers: [],
  error: null,
}

let t: TestDesk
/** What the server asks to have signed; a test bends it. */
let ask: (certificate: Uint8Array) => Uint8Array
let asked: Uint8Array
/** The manifest it gives with that. */
let given: Uint8Array
const attributesOf = (certificate: Uint8Array, content: Uint8Array = manifest, signingTime = new Date()) => {
  const algorithm = signatureAlgorithmFor(keyAlgorithmOf(parseCertificate(certificate).key)!)
  const contentDigest = createHash(cmsHashFor(algorithm)).update(content).digest()
  return prepareSignedAttributes({ contentDigest, certificate, algorithm, signingTime })
}

beforeEach(async () => {
  t = await makeDesk()
  t.remote.roles = ['AO']
  ask = (certificate) => attributesOf(certificate)
  given = manifest
  t.remote.handlers.listExports = () => ({ items: [view], next: null })
  t.remote.handlers.prepareSecondSignature = ({ body }) => {
    asked = ask(Buffer.from(body.certificate, 'base64'))
    return {
      signedAttributes: Buffer.from(asked).toString('base64'),
      manifest: Buffer.from(given).toString('base64'),
      manifestDigest,
      expiresAt: Date.now() + 60_000,
    }
  }
  t.remote.handlers.addSecondSignature = () => ({
    ...view,
    signers: [{ name: 'Elena Conti', kind: 'card', level: 'B-B', at: Date.now() }],
  })
  await t.signIn()
})
afterEach(() => t.end())
const sign = (pin = t.officer.pin) =>
  t.desk.handlers['exports.sign']({ id, manifestDigest, pin: t.cards.seal('pin', pin) })
const triesLeft = async () => (await t.desk.handlers['readers.list']({}))[0]?.card?.pinTries
const sent = () => t.remote.calls.findLast(({ name }) => name === 'addSecondSignature')?.input

describe('when an export is signed at the desk', () => {
  it('lists what the server has', async () => {
    expect(await t.desk.handlers['exports.list']({ limit: 50, state: 'ready' })).toEqual({ items: [view], next: null })
  })
  it('stops one that is not ready, at the server', async () => {
    const stopped: ExportView = { ...view, state: 'cancelled', phase: null, manifestDigest: null }
    t.remote.handlers.cancelExport = () => stopped
    expect(await t.desk.handlers['exports.cancel']({ id })).toEqual(stopped)
    expect(t.remote.calls.at(-1)).toMatchObject({ name: 'cancelExport', input: { params: { id } } })
  })
  it('says so where one has ended before it was stopped', async () => {
    t.remote.handlers.cancelExport = () => {
      throw new AppError('EXPORT_STATE', { state: 'ready' })
    }
    await expect(t.desk.handlers['exports.cancel']({ id })).rejects.toMatchObject({ code: 'EXPORT_STATE' })
  })
  it('sends a signature of the 9C key that stands beside the one of the server', async () => {
    expect((await sign()).signers).toMatchObject([{ kind: 'card' }])
    const { body } = sent() as { body: { certificate: string; signature: string } }
    const certificate = Buffer.from(body.certificate, 'base64')
    expect(certificate).toEqual(Buffer.from(t.officer.certificates.get('9C')!))
    const { spki } = parseCertificate(certificate)
    const signature = Buffer.from(body.signature, 'base64')
    verifySignature({ algorithm: 'ecdsa-sha256', spki, data: asked, signature })
  })
  it.each(['ecdsa-p384', 'rsa-2048'] as const)('ties what a key of %s signs to the SHA-256 shown', async (key) => {
    const other = await MemoryCard.ofOperator('0FF1CE02', 'Elena Conti', t.remote.authority, key)
    const der = other.certificates.get('9C')!
    t.officer.keys.set('9C', other.keys.get('9C')!)
    t.officer.certificates.set('9C', der)
    ask = (certificate) => attributesOf(certificate, Buffer.from('else'))
    await expect(sign()).rejects.toMatchObject({ code: 'EXPORT_SIGNATURE_INVALID' })
    expect(await triesLeft()).toBe(3)
    ask = (certificate) => attributesOf(certificate)
    await sign()
    const { body } = sent() as { body: { signature: string } }
    const { spki, key: held } = parseCertificate(der)
    const algorithm = signatureAlgorithmFor(keyAlgorithmOf(held)!)
    verifySignature({ algorithm, spki, data: asked, signature: Buffer.from(body.signature, 'base64') })
  })
  it('signs nothing where the manifest is not the one that was shown', async () => {
    given = Buffer.from('{"v":2}')
    ask = (certificate) => attributesOf(certificate, given)
    await expect(sign()).rejects.toMatchObject({ code: 'EXPORT_SIGNATURE_INVALID' })
    expect(sent()).toBeUndefined()
    expect(await triesLeft()).toBe(3)
  })
  it.each<[string, (certificate: Uint8Array) => Uint8Array]>([
    ['another digest', (certificate) => attributesOf(certificate, Buffer.from('else'))],
    ['another certificate', () => attributesOf(t.officer.certificates.get('9A')!)],
    ['another time', (certificate) => attributesOf(certificate, manifest, new Date(Date.now() - 3_600_000))],
    ['no signed attributes', () => Buffer.from('a letter of resignation')],
    ['something behind them', (certificate) => Buffer.concat([attributesOf(certificate), Buffer.alloc(1)])],
  ])('signs nothing where the server asks for %s', async (_what, bent) => {
    ask = bent
    await expect(sign()).rejects.toMatchObject({ code: 'EXPORT_SIGNATURE_INVALID' })
    expect(sent()).toBeUndefined()
    expect(await triesLeft()).toBe(3)
  })
  it('gives the tries left for a wrong PIN', async () => {
    await expect(sign('000000')).rejects.toMatchObject({ code: 'CARD_PIN_WRONG', detail: { tries: 2 } })
    expect(sent()).toBeUndefined()
  })
  it('does nothing while the desk is locked', async () => {
    await t.desk.handlers['session.lock']({})
    await expect(sign()).rejects.toMatchObject({ code: 'SESSION_LOCKED' })
  })
})
