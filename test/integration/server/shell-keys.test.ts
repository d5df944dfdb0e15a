import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import forge from 'node-forge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyView } from '../../../shared/contract/routes/exports.ts'
import { decodePem, parseCertificate, verifyCsr } from '../../../shared/pki/index.ts'
import { AuditTrail } from '../../../server/audit/index.ts'
import { findKeyCertificate } from '../../../server/db/repositories/keys.ts'
import { importedCertificates, signingConfigOf } from '../../../server/key-uses.ts'
import { makeLog } from '../../../server/log/log.ts'
import type { CommandValues } from '../../../server/shell/command.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { SigningKey } from '../../../server/signing/signing-key.ts'
import { refusal } from '../../fakes/server/client.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { softHsmOrReason } from '../../unit/server/hsm/folders.ts'

const log = makeLog('silent')
interface ListAnswer {
  readonly kind: string
  readonly description: string
  readonly items: readonly KeyView[]
}
const openssl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  return { status, said: `${stdout}${stderr}` }
}

describe.each([
  ['SoftHSM2', 'softhsm', 'hsm'],
  ['the software store', 'software', 'software'],
] as const)('when keys lie in %s', (_name, keys, kind) => {
  const isSkipped = keys === 'softhsm' && softHsmOrReason() === null
  let server: TestServer
  beforeAll(async () => {
    if (!isSkipped) server = await startServer({ keys })
  })
  afterAll(() => server?.close())

  const run = async <T>(words: string, values: CommandValues = {}, config = server.config): Promise<T> =>
    (await runCommand(config, words.split(' '), values, log)).value as T
  const failure = (words: string, values: CommandValues = {}) =>
    run(words, values).then(
      () => 'ok',
      (error: { code: string; detail: { reason?: string } }) => `${error.code} ${error.detail.reason ?? ''}`.trim(),
    )
  const file = (name: string) => join(server.folder, name)
  const entriesOf = async (type: string) => {
    await server.running().sweep()
    const trail = new AuditTrail(server.running().foundation.databases.audit, () => Promise.resolve(new Map()))
    return (await trail.records({ tenants: [server.setup.tenant.id], objectType: type }, { limit: 100 })).items
  }

  it.skipIf(isSkipped)('lists them beside the running server, as the console does', async () => {
    const listed = await run<ListAnswer>('keys list')
    expect(listed.kind).toBe(kind)
    const uses = Object.fromEntries(listed.items.map(({ label, use }) => [label, use]))
    expect(uses).toMatchObject({
      'audit.chain': 'audit',
      'ca.issuing': 'authority',
      'ca.root': 'authority',
      vault: 'vault',
      session: 'server',
    })
    const issuing = listed.items.find(({ label }) => label === 'ca.issuing')
    expect(issuing?.certificate?.subject).toContain('CN=')
    const dario = await server.signIn('dario')
    expect(await dario.call('listKeys', {})).toEqual(listed)
    const anna = await server.signIn('anna')
    expect((await refusal(anna.call('listKeys', {}))).code).toBe('ACCESS_DENIED')
  })

  it.skipIf(isSkipped)('makes a key, a request for it, and takes the certificate another authority gave', async () => {
    const made = await run<{ id: string; signatures: string[] }>('keys generate', {
      label: 'seal',
      algorithm: 'rsa-2048',
    })
    expect(made.signatures).toContain('rsa-pss-sha256')
    expect(await failure('keys generate', { label: 'seal' })).toBe('REQUEST_CONFLICT')
    const csr = file('seal.csr')
    await run('keys csr', { label: 'seal', subject: 'C=IT,O=Registry\\, North,CN=Exports', out: csr })
    const [request] = decodePem('CERTIFICATE REQUEST', readFileSync(csr, 'utf8'))
    expect(verifyCsr(request ?? new Uint8Array()).subject.text).toBe('CN=Exports,O=Registry\\, North,C=IT')

    const authority = makeAuthority()
    expect(openssl('req', '-in', csr, '-noout', '-verify').said).toMatch(/OK/)
    const issued = authority.issue(csr, file('seal.cer'))
    expect(issued.status, issued.said).toBe(0)
    expect(await failure('keys import-cert', { label: 'seal', certificate: file('seal.cer') })).toBe(
      'REQUEST_INVALID no-anchor',
    )
    const values = { label: 'seal', certificate: file('seal.cer'), issuers: authority.certificate }
    expect(await failure('keys import-cert', { ...values, label: 'audit.chain' })).toBe('REQUEST_INVALID key')
    expect(await failure('keys import-cert', { ...values, label: 'none' })).toBe('NOT_FOUND key')
    expect(await failure('keys import-cert', { ...values, issuers: file('another.cer') })).toMatch(/unreadable/)
    makeAuthority('another')
    expect(await failure('keys import-cert', { ...values, issuers: file('another.cer') })).toMatch(/^REQUEST_INVALID /)
    await run('keys import-cert', values)
    const { operational } = server.running().foundation.databases
    const kept = await findKeyCertificate(operational.db, server.setup.tenant.id, 'seal', made.id)
    expect(kept?.chain).toHaveLength(2)
    const { items } = await run<ListAnswer>('keys list')
    expect(items.find(({ label }) => label === 'seal')).toMatchObject({
      use: 'unused',
      kind,
      certificate: { subject: expect.stringContaining('CN=Exports'), issuer: expect.stringContaining('CN=Authority') },
    })
    const entries = (await entriesOf('key')).filter(({ objectId }) => objectId === made.id)
    expect(entries.map(({ action }) => action).toSorted()).toEqual(['Insertion', 'KeyUse', 'Modification'])
  })

  it.skipIf(isSkipped)('tries every key and says so in the chain', async () => {
    const tested = await run<{ ok: boolean; items: { what: string; algorithm: string; ok: boolean }[] }>('keys test')
    expect(tested.items.filter(({ ok }) => !ok)).toEqual([])
    expect(tested.items.map(({ what, algorithm }) => `${what} ${algorithm}`)).toEqual(
      expect.arrayContaining(['random numbers generator', 'ca.root ecdsa-sha384', 'vault aes-256 wrap']),
    )
    const uses = (await entriesOf('key')).filter(({ objectId }) => objectId === server.config.name)
    expect(uses).toMatchObject([{ action: 'KeyUse', after: { purpose: 'test', failed: [] } }])
    expect(await failure('keys test', { label: 'none' })).toBe('NOT_FOUND key')
  })

  it.skipIf(isSkipped)('hands exports to the next key, with the server stopped', async () => {
    await server.whileStopped(async () => {
      const first = await run<{ from: string; to: string }>('keys rollover', { algorithm: 'ecdsa-p384' })
      // Its certificate leads to a root that exports are not signed under, until the configuration says so.
      expect(await failure('keys rollover', { label: 'seal' })).toBe('REQUEST_INVALID not-trusted')
      const trusting = { ...server.config, signing: { ...server.config.signing, trustFile: file('authority.cer') } }
      const second = await run<{ from: string; to: string }>('keys rollover', { label: 'seal' }, trusting)
      const third = await run<{ from: string; to: string }>('keys rollover')
      expect([first, second, third]).toMatchObject([
        { from: 'export', to: 'export.2' },
        { from: 'export.2', to: 'seal' },
        { from: 'seal', to: 'export.3' },
      ])
      expect(await failure('keys rollover', { label: 'ca.root' })).toBe('REQUEST_INVALID reserved')
      expect(await failure('keys rollover', { label: 'none' })).toBe('NOT_FOUND key')
      expect(await failure('keys rollover', { label: third.to })).toBe('REQUEST_CONFLICT in-force')
    })
    const { items } = await run<ListAnswer>('keys list')
    const exporting = items.filter(({ use }) => use === 'export').map(({ label, algorithm }) => `${label} ${algorithm}`)
    expect(exporting).toEqual(['export.2 ecdsa-p384', 'export.3 rsa-2048', 'seal rsa-2048'])
    const { databases, keys: store } = server.running().foundation
    const { db } = databases.operational
    const { key } = await signingConfigOf(server.config, db, server.setup.tenant.id)
    expect(key.label).toBe('export.3')
    // A key of another authority signs exports with the certificate that was put in.
    const ready = await new SigningKey({
      config: { ...key, label: 'seal' },
      keys: store,
      ca: {
        issue: () => Promise.reject(new Error('not asked')),
        chain: () => Promise.resolve([]),
        crls: () => Promise.resolve([]),
      },
      findIssued: () => Promise.resolve(null),
      findImported: importedCertificates(db, server.setup.tenant.id),
      importAnchors: decodePem('CERTIFICATE', readFileSync(file('authority.cer'), 'utf8')).map((der) =>
        parseCertificate(der),
      ),
      subject: { commonName: 'x', organization: 'x', country: 'IT' },
    }).ready()
    expect(ready).toMatchObject({ name: 'Exports', kind, algorithm: 'rsa-sha256' })
  })

  it.skipIf(isSkipped)('makes no key under a name the server looks for', async () => {
    for (const label of ['audit.chain.7', 'ca.other', 'vault', 'session', 'audit.note'])
      expect(await failure('keys generate', { label })).toBe('REQUEST_INVALID reserved')
    expect(await failure('keys generate', { label: 'Bad' })).toBe('REQUEST_INVALID')
    expect(await failure('keys generate', { label: 'x', algorithm: 'dsa' })).toBe('REQUEST_INVALID unknown')
  })

  it.skipIf(isSkipped)('takes keys of files into the software store only', async () => {
    const passphrase = 'a passphrase of the test'
    writeFileSync(file('p12.pass'), `${passphrase}\n`, { mode: 0o600 })
    const rsa = makePkcs12(passphrase)
    writeFileSync(file('rsa.p12'), rsa)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
    writeFileSync(file('ec.pem'), pem)
    const values = { label: 'from-file', file: file('rsa.p12'), 'passphrase-file': file('p12.pass') }
    if (kind === 'hsm') {
      expect(await failure('keys import', values)).toBe('REQUEST_INVALID hsm')
      return
    }
    expect(await run('keys import', values)).toMatchObject({ algorithm: 'rsa-2048', kind: 'software', certificates: 1 })
    expect(await run('keys import', { ...values, label: 'from-pem', file: file('ec.pem') })).toMatchObject({
      algorithm: 'ecdsa-p256',
    })
    expect(await run('keys test', { label: 'from-pem' })).toMatchObject({ ok: true })
  })

  const makeAuthority = (name = 'authority') => {
    const [key, certificate] = [file(`${name}.key`), file(`${name}.cer`)]
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '30']
    const named = ['-subj', '/C=IT/CN=Authority', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
    const made = openssl(...words, ...named)
    if (made.status !== 0) throw new Error(made.said)
    const issue = (csr: string, out: string) => {
      writeFileSync(
        file('ext'),
        'keyUsage=critical,digitalSignature,nonRepudiation\nbasicConstraints=critical,CA:FALSE\n',
      )
      const ca = ['-CA', certificate, '-CAkey', key, '-CAcreateserial', '-days', '10', '-extfile', file('ext')]
      return openssl('x509', '-req', '-in', csr, '-out', out, ...ca)
    }
    return { certificate, issue }
  }
})

const makePkcs12 = (passphrase: string): Buffer => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000)
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())
  certificate.sign(key, forge.md.sha256.create())
  const file = forge.pkcs12.toPkcs12Asn1(key, [certificate], passphrase, { algorithm: 'aes256' })
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'latin1')
}
