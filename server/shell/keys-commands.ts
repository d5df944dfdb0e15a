import { writeFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/index.ts'
import { encodePem, serialText, signCsr, type KeyAlgorithm } from '../../shared/pki/index.ts'
import {
  findKeyCertificate,
  insertKeyCertificate,
  insertSuccession,
  keyInForce,
  listSuccessions,
} from '../db/repositories/keys.ts'
import { toExternalSigner, type Signer } from '../hsm/index.ts'
import { keysOf } from '../key-uses.ts'
import { keyFingerprint } from '../services/keys.ts'
import { need, type Answer, type Command, type CommandValues } from './command.ts'
import type { Ground } from './ground.ts'
import { KEYS_IMPORT_COMMANDS } from './keys-import.ts'
import { assertTrusted, checkCertificate, readCertificates } from './keys-certificate.ts'
import { freeLabel, labelAfter } from './keys-labels.ts'
import { recordKeyAct } from './keys-record.ts'
import { parseSubject } from './keys-subject.ts'
import { KEYS_TEST_COMMANDS } from './keys-test.ts'
import { facts, table, timeText } from './print.ts'
import { shellAuthor } from './setup.ts'

const ALGORITHMS: readonly KeyAlgorithm[] = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
]
const CN_MAX = 64

const algorithmOf = ({ algorithm }: CommandValues, usual: KeyAlgorithm): KeyAlgorithm => {
  const found = ALGORITHMS.find((one) => one === (algorithm ?? usual))
  if (!found) throw new AppError('REQUEST_INVALID', { path: '--algorithm', reason: 'unknown' })
  return found
}

const signerOf = async (ground: Ground, name: string): Promise<Signer> => {
  const keys = await ground.keys()
  if (!(await keys.has(name))) throw new AppError('NOT_FOUND', { reason: 'key', label: name })
  return keys.signer(name)
}

const list: Command = {
  access: 'read',
  summary: 'keys of the key store, what each is for, and its certificate',
  run: async (ground) => {
    const keys = await ground.keys()
    const items = await keysOf(ground, keys, ground.tenant).views()
    const value = { kind: keys.kind, description: keys.description, items }
    const rows = items.map(({ label, use, algorithm, certificate }) => [
      label,
      use,
      algorithm,
      certificate?.subject ?? null,
      certificate ? timeText(certificate.notAfter) : null,
    ])
    const warning = keys.kind === 'software' ? '\nThese are software keys: not for production.' : ''
    const text = `${keys.description}\n\n${table(['label', 'use', 'algorithm', 'certificate', 'until'], rows)}${warning}`
    return { value, text }
  },
}

const generate: Command = {
  access: 'read',
  summary: 'make a key --label, of --algorithm (default ecdsa-p256), that never leaves the key store',
  run: async (ground, values) => {
    const label = freeLabel(need(values, 'label'))
    const algorithm = algorithmOf(values, 'ecdsa-p256')
    const keys = await ground.keys()
    const signer = await keys.generate(label, algorithm)
    const id = keyFingerprint(signer.publicKeySpki())
    await recordKeyAct(ground, { action: 'Insertion', id, after: { id, name: label, algorithm, keyStore: keys.kind } })
    const value = { label, algorithm, kind: keys.kind, id, signatures: signer.signatures }
    const shown = { label, algorithm, kind: keys.kind, id, signatures: signer.signatures.join(', ') }
    return { value, text: facts(Object.entries(shown)) }
  },
}

const csr: Command = {
  access: 'read',
  summary: 'a PKCS #10 request signed by the key --label, for --subject (default CN=server), to --out FILE',
  run: async (ground, values) => {
    const out = need(values, 'out')
    const signer = await signerOf(ground, need(values, 'label'))
    const subject =
      values.subject === undefined
        ? [{ type: 'CN', value: ground.config.name.slice(0, CN_MAX) } as const]
        : parseSubject(values.subject)
    const spki = signer.publicKeySpki()
    const external = toExternalSigner(signer)
    const id = keyFingerprint(spki)
    const named = subject.map(({ type, value }) => `${type}=${value}`).join(',')
    await recordKeyAct(ground, { action: 'KeyUse', id, after: { name: signer.label, purpose: 'csr', subject: named } })
    const request = await signCsr({ subject, spki }, external)
    writeFileSync(out, encodePem('CERTIFICATE REQUEST', request), { mode: 0o600 })
    const value = { label: signer.label, id, subject: named, algorithm: external.algorithm, out }
    return { value, text: facts(Object.entries(value)) }
  },
}

const importCertificate: Command = {
  access: 'read',
  summary:
    'put in the --certificate FILE another authority issued for the key --label; --issuers FILE leads to its root',
  run: async (ground, values) => {
    const { databases, tenant } = ground
    const signer = await signerOf(ground, need(values, 'label'))
    const given = {
      certificate: readCertificates(need(values, 'certificate'), '--certificate'),
      issuers: values.issuers === undefined ? [] : readCertificates(values.issuers, '--issuers'),
    }
    const { leaf, path } = checkCertificate(signer.publicKeySpki(), given, new Date())
    const id = keyFingerprint(signer.publicKeySpki())
    const { label } = signer
    const { trustFile, key } = ground.config.signing
    const inForce = await keyInForce(databases.operational.db, tenant, 'export', key.label)
    if (label === inForce) assertTrusted(trustFile, path.at(-1)?.der)
    const before = await findKeyCertificate(databases.operational.db, tenant, label, id)
    const told = (der: Uint8Array | null) => ({ name: label, certificate: der && keyFingerprint(der) })
    const about = {
      subject: leaf.subject.text,
      issuer: leaf.issuer.text,
      serial: serialText(leaf.serial),
      notAfter: leaf.notAfter.toISOString(),
    }
    const act = { action: 'Modification' as const, id, before: told(before?.chain[0] ?? null) }
    await recordKeyAct(ground, { ...act, after: { ...told(leaf.der), ...about } }, (trx) =>
      insertKeyCertificate(trx, tenant, { label, keyId: id, chain: path.map(({ der }) => der), at: Date.now() }),
    )
    const value = { label, id, ...about, path: path.map(({ subject }) => subject.text) }
    return { value, text: facts(Object.entries({ label, id, ...about, path: value.path.join(' ← ') })) }
  },
}

const rollover: Command = {
  access: 'write',
  summary:
    'have exports signed by the next key (made, or --label one that is there) from the next start; the old one still verifies',
  run: async (ground, values) => {
    const { config, tenant, changes, entered, databases } = ground
    const { db } = databases.operational
    const keys = await ground.keys()
    const used = (await listSuccessions(db, tenant, 'export')).map((one) => one.label)
    const current = used[0] ?? config.signing.key.label
    const label = freeLabel(values.label ?? labelAfter(config.signing.key.label, used))
    if (label === current) throw new AppError('REQUEST_CONFLICT', { reason: 'in-force', label })
    const isThere = await keys.has(label)
    if (!isThere && values.label !== undefined) throw new AppError('NOT_FOUND', { reason: 'key', label })
    const usual = (await keys.has(current)) ? (await keys.signer(current)).algorithm : config.signing.key.algorithm
    const next = isThere ? await keys.signer(label) : await keys.generate(label, algorithmOf(values, usual))
    const id = keyFingerprint(next.publicKeySpki())
    const imported = await findKeyCertificate(db, tenant, label, id)
    if (imported) assertTrusted(config.signing.trustFile, imported.chain.at(-1))
    const author = shellAuthor(entered.correlationId)(tenant)
    await changes.as(author, async (trx, tell) => {
      const object = { type: 'key', id } as const
      const after = { id, name: label, algorithm: next.algorithm, use: 'export' }
      if (!isThere) await tell({ action: 'Insertion', object, after, reason: 'shell' })
      await insertSuccession(trx, tenant, { use: 'export', label, keyId: id, at: author.at })
      await tell({ action: 'KeyUse', object, before: { name: current }, after, reason: 'shell' })
    })
    const certificate = imported ? 'put in' : 'issued by our own CA when it first signs'
    const value = { from: current, to: label, id, algorithm: next.algorithm, certificate }
    return { value, text: facts(Object.entries(value)) } satisfies Answer
  },
}

export const KEYS_COMMANDS: Readonly<Record<string, Command>> = {
  'keys list': list,
  'keys generate': generate,
  'keys csr': csr,
  'keys import-cert': importCertificate,
  'keys rollover': rollover,
  ...KEYS_TEST_COMMANDS,
  ...KEYS_IMPORT_COMMANDS,
}
