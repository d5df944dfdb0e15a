import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createChain, readStoredChain, recordIntent } from '../../../server/audit/index.ts'
import type { CertifiedSigner } from '../../../server/audit/chain-keys.ts'
import {
  createAuditDatabase,
  createOperationalDatabase,
  inTransaction,
  openDatabases,
} from '../../../server/db/index.ts'
import { parseConfig } from '../../../server/config.ts'
import { openKeyStore } from '../../../server/hsm/index.ts'
import { keyStoreConfigOf } from '../../../server/foundation.ts'
import { makeLog } from '../../../server/log/log.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import type { CommandValues } from '../../../server/shell/command.ts'
import { Plan } from '../../../server/shell/plan.ts'
import { setUp } from '../../../server/shell/setup.ts'
import { shellNode } from '../../../server/shell/shell-runs.ts'
import type { Terminal } from '../../../server/shell/terminal.ts'
import { encodeBase64url } from '../../../shared/audit/base64url.ts'
import { sha256 } from '../../../shared/audit/bytes.ts'
import { createSignatureVerifier, keyIdOf } from '../../../shared/audit/crypto.ts'
import { parseKeyStatement } from '../../../shared/audit/key-statement.ts'
import { parseTlogProof, verifyTlogProof } from '../../../shared/audit/tlog-proof.ts'
import { verifyChain } from '../../../shared/audit/verification.ts'
import { encodePem, verifyCsr } from '../../../shared/pki/index.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { selfSigned } from '../../unit/main/cards/self-signed.ts'
import { CHAIN, newConfig, newIntent, newSigner } from '../../unit/server/audit/chain-bench.ts'

const log = makeLog('silent')
let server: TestServer
beforeAll(async () => {
  server = await startServer()
  const anna = await server.signIn('anna')
  await anna.call('createHolder', { body: HOLDER })
})
afterAll(() => server.close())

const run = (words: string, values: CommandValues = {}, terminal?: Terminal) =>
  runCommand(server.config, words.split(' '), values, log, terminal)
const valueOf = async <T>(words: string, values: CommandValues = {}): Promise<T> =>
  (await run(words, values)).value as T
/** The audit database's file, for what no command may do. */
const inFile = <T>(body: (file: Database.Database) => T): T => {
  const { audit } = server.config.databases
  if (audit.kind !== 'sqlite') throw new Error('not SQLite')
  const file = new Database(audit.file)
  try {
    return body(file)
  } finally {
    file.close()
  }
}

interface Listed {
  readonly items: readonly { readonly chain: string; readonly sequence: number; readonly objectType: string }[]
}

describe('when entries are looked at in the shell', () => {
  it('shows one with who, what, before and after, by its place', async () => {
    const { items } = await valueOf<Listed>('audit list', { 'object-type': 'holder' })
    const [{ chain, sequence } = { chain: '', sequence: 0 }] = items
    const shown = await run(`audit show ${chain} ${sequence}`)
    expect(shown.value).toMatchObject({
      chain,
      sequence,
      objectType: 'holder',
      operatorName: 'Anna Rossi',
      before: null,
      after: { givenNames: HOLDER.givenNames, familyName: HOLDER.familyName },
    })
    expect(shown.text).toContain(`${chain} ${sequence}`)
    expect(shown.text).toContain(HOLDER.familyName)
    expect(await valueOf(`audit show ${sequence}`)).toEqual(shown.value)
    await expect(run('audit show 999999')).rejects.toMatchObject({ code: 'AUDIT_NOT_FOUND' })
    await expect(run('audit show here')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it('lists every tenant of the audit database, and what the chains say; --tenant narrows', async () => {
    const config = parseConfig(
      {
        name: 'zebra.countersign.example',
        tenant: 'Other Registry',
        listen: { host: '127.0.0.1', port: 0 },
        tls: { certificateFile: 'other.pem', keyFile: 'other.key' },
        databases: { operational: { kind: 'sqlite', file: 'other.db' }, audit: { kind: 'sqlite', file: 'audit.db' } },
        keys: { kind: 'software', folder: 'other-keys', passphraseFile: 'other.passphrase' },
        ca: { organization: 'Other Registry' },
        publicUrl: 'https://127.0.0.1:8445',
      },
      server.folder,
    )
    const offices = [{ key: 'one', name: 'One', division: 'one' }]
    const plan = { divisions: [{ key: 'one', name: 'One' }], offices, stations: [], operators: [] }
    await server.whileStopped(async () => {
      const { tenant } = await setUp(config, Plan.parse({ tenant: { name: 'Other Registry' }, ...plan }), log)
      const chainsOf = async (values: CommandValues) =>
        [
          ...new Set((await valueOf<Listed>('audit list', { limit: '200', ...values })).items.map((one) => one.chain)),
        ].toSorted()
      const everywhere = await valueOf<Listed>('audit list', { limit: '200' })
      expect(await chainsOf({})).toEqual([config.name, server.config.name].toSorted())
      expect(everywhere.items.some((one) => one.objectType === 'audit-key')).toBe(true)
      expect(await chainsOf({ tenant: tenant.id })).toEqual([config.name])
      expect(await chainsOf({ tenant: server.setup.tenant.id })).toEqual([server.config.name])
      const trail = (values: CommandValues) => valueOf<Listed>(`audit trail tenant ${tenant.id}`, values)
      const office = { 'object-type': 'office', limit: '1', tenant: tenant.id }
      const [made] = (await valueOf<{ items: { objectId: string }[] }>('audit list', office)).items
      const ofOffice = (values: CommandValues) => valueOf<Listed>(`audit trail office ${made?.objectId}`, values)
      expect((await ofOffice({})).items).toMatchObject([{ chain: config.name }])
      expect((await ofOffice({ tenant: server.setup.tenant.id })).items).toEqual([])
      expect((await trail({})).items.every((one) => one.chain === config.name)).toBe(true)
      const access = await valueOf<{ items: unknown[] }>('audit access', { tenant: tenant.id })
      expect((await valueOf<{ items: unknown[] }>('audit access')).items.length).toBeGreaterThan(access.items.length)
      expect(access.items).not.toEqual([])
    })
  })
})

describe('when an entry is proved in the shell', () => {
  it('writes a file that verifies with the key of the chain, for these bytes and no others', async () => {
    const out = join(server.folder, 'entry.tlog-proof')
    await server.whileStopped(async () => {
      await run('audit checkpoint')
      const { size } = await valueOf<{ size: number }>(`audit prove ${server.config.name} 3`, { out })
      const { extra } = parseTlogProof(readFileSync(out, 'utf8'))
      if (!extra) throw new Error('no entry in the proof')
      const databases = await openDatabases(location())
      try {
        const stored = await readStoredChain(databases.audit.db, server.config.name)
        const [noteKey] = stored.noteKeys ?? []
        if (!noteKey) throw new Error('no note key')
        const verify = createSignatureVerifier()
        const proved = verifyTlogProof(readFileSync(out, 'utf8'), extra, noteKey.key, verify)
        expect(proved).toMatchObject({ index: 3, checkpoint: { size } })
        const bytes = inFile((file) =>
          file.prepare('select bytes from entry where chain = ? and sequence = 3').pluck().get(server.config.name),
        )
        expect(Buffer.from(extra)).toEqual(bytes)
        const other = Uint8Array.from(extra, (byte, at) => (at === 9 ? byte ^ 1 : byte))
        expect(() => verifyTlogProof(readFileSync(out, 'utf8'), other, noteKey.key, verify)).toThrow('REQUEST_INVALID')
      } finally {
        await databases.close()
      }
    })
  })

  it('refuses an entry no checkpoint holds, one that is not there, and to write nowhere', async () => {
    const out = join(server.folder, 'none.tlog-proof')
    await expect(run('audit prove 999999', { out })).rejects.toMatchObject({ code: 'AUDIT_PROOF_UNAVAILABLE' })
    await expect(run('audit prove 3')).rejects.toMatchObject({ code: 'REQUEST_INVALID', detail: { path: '--out' } })
    expect(existsSync(out)).toBe(false)
  })
})

const location = () => {
  const { operational, audit } = server.config.databases
  if (operational.kind !== 'sqlite' || audit.kind !== 'sqlite') throw new Error('not SQLite')
  return {
    operational: { dialect: 'sqlite', file: operational.file },
    audit: { dialect: 'sqlite', file: audit.file },
  } as const
}

describe('when the server starts while a shell verifies', () => {
  const columns = '(id, chain, mode, state, started_at, checked, total, scheduled, node)'
  const put = (id: string, node: string): void =>
    inFile((file) => {
      const row = [id, server.config.name, 'full', 'running', 1, 0, 1, 0, node]
      file.prepare(`insert into verification_run ${columns} values (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(...row)
    })
  const stateOf = (id: string): unknown =>
    inFile((file) => file.prepare('select state from verification_run where id = ?').pluck().get(id))
  const ids = ['verification_own', 'verification_alive', 'verification_dead', 'verification_away']
  afterEach(() => inFile((file) => ids.map((id) => file.prepare('delete from verification_run where id = ?').run(id))))

  it("leaves the shell's run alone; one whose shell died is ended by the next shell", async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid
    const shell = (pid: number, host = hostname()) => `${server.config.name}#shell@${host}:${pid}`
    await server.whileStopped(() => {
      put('verification_own', server.config.name)
      put('verification_alive', shell(process.ppid))
      put('verification_dead', shell(dead))
      put('verification_away', shell(dead, 'another-machine'))
      return Promise.resolve()
    })
    expect(ids.map(stateOf)).toEqual(['error', 'running', 'running', 'running'])
    await run('audit verify', { quick: true })
    expect(ids.map(stateOf)).toEqual(['error', 'running', 'error', 'running'])
  })

  it('marks its own run as its own', async () => {
    await run('audit verify', { quick: true })
    const node = inFile((file) =>
      file.prepare('select node from verification_run order by started_at desc limit 1').pluck().get(),
    )
    expect(node).toBe(shellNode(server.config.name))
    expect(node).not.toBe(server.config.name)
  })
})

describe('when a key comes into the chain with its certificate', () => {
  const certificateOf = async (signer: Pick<CertifiedSigner, 'publicKeySpki' | 'sign'>): Promise<Uint8Array> =>
    selfSigned(signer.publicKeySpki(), (data) => signer.sign(data), 'audit')
  const file = (name: string, bytes: Uint8Array | string): string => {
    const path = join(server.folder, name)
    writeFileSync(path, bytes)
    return path
  }
  const nextCertificate = async (): Promise<Uint8Array> => {
    const { label } = await valueOf<{ label: string }>('audit key prepare', { out: join(server.folder, 'key.csr') })
    const keys = await openKeyStore(keyStoreConfigOf(server.config.keys))
    try {
      return await certificateOf(await keys.signer(label))
    } finally {
      await keys.close()
    }
  }
  const ownFirst = (): unknown =>
    inFile((open) =>
      open
        .prepare(`select key_id from audit_key where chain = ? and kind = 'hsm' order by created_at limit 1`)
        .pluck()
        .get(server.config.name),
    )
  const storedCertificates = (): unknown[] =>
    inFile((open) =>
      open
        .prepare(`select certificate from audit_key where chain = ? and kind = 'hsm' order by created_at`)
        .pluck()
        .all(server.config.name),
    )

  it.each([
    ['DER', (der: Uint8Array): Uint8Array | string => der],
    ['PEM', (der: Uint8Array): Uint8Array | string => encodePem('CERTIFICATE', der)],
  ])('keeps it and signs its digest: %s', async (form, encode) => {
    await server.whileStopped(async () => {
      const der = await nextCertificate()
      const value = await valueOf('audit key rollover', { certificate: file(`key.${form}`, encode(der)) })
      expect(value).toMatchObject({ certificate: expect.stringMatching(/^([0-9A-F]{2}:){31}/) as string })
      expect(storedCertificates().at(-1)).toEqual(Buffer.from(der))
      const statement = inFile((open) =>
        open.prepare('select statement from audit_key where certificate = ?').pluck().get(Buffer.from(der)),
      )
      expect(parseKeyStatement(statement as Buffer).certificate).toBe(encodeBase64url(sha256(der)))
      expect(await valueOf('audit verify')).toMatchObject({ state: 'passed' })
    })
  })

  it('verification finds one that was changed, taken away or put there', async () => {
    await server.whileStopped(async () => {
      const [bare, first] = [storedCertificates()[0], storedCertificates().at(-1)] as [null, Buffer]
      expect(bare).toBeNull()
      const ids = inFile((open) =>
        open.prepare(`select key_id from audit_key where kind = 'hsm' order by created_at`).pluck().all(),
      )
      const put = (id: unknown, certificate: Uint8Array | null): void =>
        inFile((open) => {
          const changed = open.prepare('update audit_key set certificate = ? where key_id = ?').run(certificate, id)
          expect(changed.changes).toBe(1)
        })
      const altered = Buffer.from(first.map((byte, at) => (at === first.length - 1 ? byte ^ 1 : byte)))
      for (const [id, wrong, right] of [
        [ids.at(-1), altered, first],
        [ids.at(-1), null, first],
        [ownFirst(), first, null],
      ] as const) {
        put(id, wrong)
        expect(await valueOf('audit verify', { quick: true })).toMatchObject({ state: 'failed' })
        put(id, right)
      }
      expect(await valueOf('audit verify', { quick: true })).toMatchObject({ state: 'passed' })
    })
  })

  it('refuses what is no certificate, or is for another key, and writes nothing', async () => {
    const stranger = await certificateOf(newSigner('stranger'))
    await server.whileStopped(async () => {
      const before = storedCertificates().length
      const refused = (certificate: string, reason: string) =>
        expect(run('audit key rollover', { certificate })).rejects.toMatchObject({
          code: 'REQUEST_INVALID',
          detail: { path: '--certificate', reason },
        })
      await refused(join(server.folder, 'absent.pem'), 'unreadable')
      await refused(file('no.pem', 'no certificate'), 'malformed')
      // No key is made for a certificate that cannot be its own.
      await expect(run('audit key rollover', { certificate: file('stranger.der', stranger) })).rejects.toMatchObject({
        code: 'HSM_KEY_NOT_FOUND',
        detail: { reason: 'next-key' },
      })
      await nextCertificate()
      await refused(file('stranger.der', stranger), 'key')
      expect(storedCertificates()).toHaveLength(before)
      expect(await valueOf('audit verify', { quick: true })).toMatchObject({ state: 'passed' })
    })
  })

  it('prepares the next key once, says so in the chain, and asks for its certificate', async () => {
    const out = join(server.folder, 'again.csr')
    const [one, two] = [await valueOf('audit key prepare', { out }), await valueOf('audit key prepare', { out })]
    expect(one).toEqual(two)
    const pem = readFileSync(out, 'utf8').replace(/-----[^-]+-----|\s/g, '')
    const request = verifyCsr(new Uint8Array(Buffer.from(pem, 'base64')))
    expect(keyIdOf(request.spki)).toBe((one as { keyId: string }).keyId)
    await server.restart()
    const { items } = await valueOf<{ items: { action: string }[] }>(
      `audit trail audit-key ${(one as { keyId: string }).keyId}`,
    )
    expect(items.map(({ action }) => action)).toContain('Insertion')
  })

  it('may have one from its first entry', async () => {
    const config = newConfig(join(server.folder))
    const own = {
      operational: { ...config.operational, file: join(server.folder, 'first-operational.db') },
      audit: { ...config.audit, file: join(server.folder, 'first-audit.db') },
    } as const
    await createOperationalDatabase(own.operational)
    await createAuditDatabase(own.audit)
    const databases = await openDatabases(own)
    try {
      const signer = newSigner()
      const other = { ...signer, certificate: await certificateOf(newSigner()) }
      await expect(createChain(databases.audit, { chain: CHAIN, signer: other })).rejects.toMatchObject({
        code: 'CHAIN_KEY_UNUSABLE',
        detail: { reason: 'certificate' },
      })
      const certificate = await certificateOf(signer)
      const certified: CertifiedSigner = { ...signer, certificate }
      await createChain(databases.audit, { chain: CHAIN, signer: certified })
      const stored = await readStoredChain(databases.audit.db, CHAIN)
      expect(stored.keys[0]?.certificate).toEqual(Buffer.from(certificate))
      const trustedKeyIds = [keyIdOf(signer.publicKeySpki())]
      expect(await verifyChain(stored, { mode: 'full', trustedKeyIds })).toMatchObject({ ok: true })
      const [key] = stored.keys
      if (!key) throw new Error('no key')
      const altered = { ...stored, keys: [{ ...key, certificate: null }] }
      expect(await verifyChain(altered, { mode: 'full', trustedKeyIds })).toMatchObject({ ok: false })
    } finally {
      await databases.close()
      rmSync(own.audit.file, { force: true })
    }
  })
})

describe('when a verification is ended from the keyboard', () => {
  const shown: string[] = []
  /** More than a verification is through with before it looks whether it is still wanted. */
  beforeAll(async () => {
    const { databases, sequencer } = server.running().foundation
    const tenant = server.setup.tenant.id
    const intents = Array.from({ length: 4000 }, () => newIntent({ tenant }))
    await inTransaction(databases.operational.db, async (trx) => {
      for (const intent of intents) await recordIntent(trx, intent)
    })
    await sequencer.settle(intents.map(({ id }) => id))
  })
  /** Somebody who presses Ctrl-C when the first line is shown. */
  const impatient = (): Terminal => {
    let cancel = (): void => undefined
    return {
      show: (line) => {
        shown.push(line)
        cancel()
      },
      cancellable: (end, body) => {
        cancel = end
        return body()
      },
    }
  }

  it('shows how far it is, ends, and is kept as cancelled', async () => {
    const answer = await run('audit verify', {}, impatient())
    expect(answer).toMatchObject({ exit: 130, value: { state: 'cancelled', verdict: null } })
    expect(shown[0]).toMatch(/^verifying test\.countersign\.example, full: 0 of \d+/)
    expect(shown.at(-1)).toBe('')
    const carla = await server.signIn('carla')
    const { items } = await carla.call('listVerifications', { query: {} })
    expect(items[0]).toMatchObject({ state: 'cancelled' })
    await server.restart()
    const { items: entries } = await valueOf<Listed>('audit list', { 'object-type': 'audit-verification', limit: '1' })
    expect(entries).toHaveLength(1)
    const { chain, sequence } = entries[0] ?? { chain: '', sequence: 0 }
    expect(await valueOf(`audit show ${chain} ${sequence}`)).toMatchObject({ after: { state: 'cancelled' } })
  })

  it('begins none of the chains that were still to come', async () => {
    const answer = await run('audit verify', { all: true }, impatient())
    expect(answer.exit).toBe(130)
    expect((answer.value as { items: unknown[] }).items).toHaveLength(1)
  })
})
