import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { recordIntent } from '../../../server/audit/index.ts'
import { DEFAULT_RETENTION, RETENTION_SETTING } from '../../../server/audit/retention-classes.ts'
import { inTransaction } from '../../../server/db/index.ts'
import { writeSetting } from '../../../server/db/repositories/jobs-settings.ts'
import { makeLog } from '../../../server/log/log.ts'
import { COMMANDS, runCommand } from '../../../server/shell/commands.ts'
import { AuditEntryRow, AuditEntryView } from '../../../shared/contract/index.ts'
import { CleaningPlan } from '../../../shared/contract/routes/audit-retention.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { newIntent } from '../../unit/server/audit/chain-bench.ts'

const root = join(import.meta.dirname, '../../..')
const NOW = Date.now()
/** So long ago that no class holds anything of it. */
const LONG_AGO = NOW - 30 * 365 * 86_400_000
const OLD_ENTRIES = 3000

let server: TestServer
let config: string
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: LONG_AGO })
  server = await startServer({ audit: { keyMode: 'epoch' } })
  const { databases, sequencer } = server.running().foundation
  const tenant = server.setup.tenant.id
  const intents = Array.from({ length: OLD_ENTRIES }, () =>
    newIntent({ tenant, at: LONG_AGO, object: { type: 'route', id: 'readHolder' } }),
  )
  const value = { ...DEFAULT_RETENTION, windowMonths: 12 }
  await inTransaction(databases.operational.db, async (trx) => {
    for (const intent of intents) await recordIntent(trx, intent)
    await writeSetting(trx, tenant, RETENTION_SETTING, { value, version: 0, at: LONG_AGO })
  })
  await sequencer.settle(intents.map(({ id }) => id))
  vi.useRealTimers()
  config = join(server.folder, 'server.json')
  const { tls, databases: where, keys, name, tenant: named, ca, publicUrl } = server.config
  const listen = { host: '127.0.0.1', port: 0 }
  const checkpoints = { entries: 1000, seconds: 1 }
  const whole = { name, tenant: named, listen, tls, databases: where, keys, ca, publicUrl, checkpoints }
  writeFileSync(config, JSON.stringify(whole))
  await server.running().close()
})
afterAll(() => {
  vi.useRealTimers()
  rmSync(server.folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}
const start = (args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } => {
  const child = spawn(process.execPath, args, { cwd: root })
  let [out, err] = ['', '']
  child.stdout.on('data', (part: Buffer) => (out += part.toString()))
  child.stderr.on('data', (part: Buffer) => (err += part.toString()))
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) }
}
const shell = (words: string) => start(['server/shell/index.ts', '--config', config, ...words.split(' ')])
/** What `--json` prints: the program prints this value and nothing else, as the tests of the program itself show. */
const json = async <T>(words: string): Promise<T> => {
  const values: Record<string, string | boolean> = {}
  const parts = words.split(' ')
  const plain: string[] = []
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (!part.startsWith('--')) plain.push(part)
    else if (parts[0] === undefined || parts[0].startsWith('--')) values[part.slice(2)] = true
    else values[part.slice(2)] = parts.shift() ?? ''
  }
  const { value } = await runCommand(server.config, plain, values, makeLog('silent'))
  const read = JSON.parse(JSON.stringify(value)) as T
  // Nothing JSON has no word for: bytes, dates, what is undefined.
  expect(read).toEqual(value)
  return read
}
const inFile = <T>(body: (file: Database.Database) => T): T => {
  const file = new Database(join(server.folder, 'audit.db'), { readonly: true })
  try {
    return body(file)
  } finally {
    file.close()
  }
}
const countEntries = () => inFile((file) => file.prepare('select count(*) from entry').pluck().get() as number)
const until = async (body: () => boolean): Promise<void> => {
  while (!body()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('when there is something to clean', () => {
  it('the dry run counts it, and nothing is changed', async () => {
    const before = countEntries()
    const plan = await json<CleaningPlan>('audit clean --dry-run')
    expect(CleaningPlan.parse(plan)).toMatchObject({ verdict: 'ready', chain: server.config.name, heldBy: null })
    expect(plan.entries).toBeGreaterThan(2500)
    expect(plan.cut).toBe(plan.entries)
    expect(plan.bytes).toBeGreaterThan(plan.entries * 100)
    expect(countEntries()).toBe(before)
    const { out } = await shell('audit clean --dry-run').ended
    expect(out).toMatch(new RegExp(`entries to delete +${plan.entries}\n`))
  })
})

describe('when Ctrl-C ends a verification', () => {
  it('ends with 130, says that it was cancelled, and keeps it so', async () => {
    const running = () =>
      inFile((file) => file.prepare(`select id from verification_run where state = 'running'`).pluck().get())
    const { child, ended } = shell('audit verify --json')
    await until(() => running() !== undefined)
    const id = running()
    child.kill('SIGINT')
    const { code, out, err } = await ended
    expect({ code, err }).toEqual({ code: 130, err: '' })
    expect(JSON.parse(out)).toMatchObject({ state: 'cancelled', verdict: null })
    const kept = inFile((file) => file.prepare('select state from verification_run where id = ?').pluck().get(id))
    expect(kept).toBe('cancelled')
  })
})

describe('when the server runs', () => {
  let running: ReturnType<typeof start>
  beforeAll(async () => {
    running = start(['server/index.ts', '--config', config])
    let out = ''
    running.child.stdout?.on('data', (part: Buffer) => (out += part.toString()))
    running.child.once('exit', () => (out += '"ready":false'))
    await until(() => out.includes('"ready":'))
    expect(out).toContain('"ready":true')
  })
  afterAll(async () => {
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })

  it('a checkpoint is waited for, and shown', async () => {
    const head = inFile((file) => file.prepare('select max(sequence) from entry').pluck().get() as number)
    const made = await json<{ size: number; note: string }>('audit checkpoint')
    expect(made.size).toBeGreaterThan(head)
    expect(made.note).toContain(`\n${made.size}\n`)
  })

  it('cleaning is ordered from it as by the console, and what it did is told', async () => {
    const before = countEntries()
    const done = await json<{ plan: CleaningPlan; order: string }>('audit clean')
    expect(done).toMatchObject({ done: true, state: 'done', error: null, plan: { verdict: 'ready' } })
    expect(countEntries()).toBeLessThan(before - 2500)
    const first = inFile((file) => file.prepare('select min(sequence) from entry').pluck().get())
    expect(first).toBe(done.plan.cut)
    const trail = async () =>
      (await json<{ items: AuditEntryView[] }>(`audit trail audit-cut ${done.order}`)).items.toReversed()
    // The order was left as an intent: the server puts it into its chain within half a minute.
    let told = await trail()
    for (const end = Date.now() + 60_000; told.length < 2 && Date.now() < end; told = await trail())
      await new Promise((resolve) => setTimeout(resolve, 500))
    expect(told.map(({ action, reason, after }) => [action, reason, (after as { state: string }).state])).toEqual(
      expect.arrayContaining([
        ['Insertion', 'shell', 'waiting'],
        ['Modification', null, 'done'],
      ]),
    )
    expect(await json('audit verify')).toMatchObject({ state: 'passed' })
  })

  it('there is nothing left to clean, which is said', async () => {
    expect(await json('audit clean')).toMatchObject({ done: false, plan: { entries: 0 } })
  })

  it('the key of its chain is rolled over by it, and the chain goes on with the next', async () => {
    const rolled = await json<{ from: string; to: string; label: string }>('audit key rollover')
    expect(rolled).toMatchObject({ chain: server.config.name, label: 'audit.chain.2', certificate: null })
    expect(rolled.to).not.toBe(rolled.from)
    const head = inFile((file) => file.prepare('select max(sequence) from entry').pluck().get() as number)
    expect((await json<{ size: number }>('audit checkpoint')).size).toBeGreaterThan(head)
    expect(await json('audit verify')).toMatchObject({ state: 'passed' })
    const { items } = await json<{ items: { label: string }[] }>('audit key list')
    expect(items.map(({ label }) => label)).toEqual(['audit.chain', 'audit.chain.2'])
  })

  it('what only a stopped server lets be done is refused, with what to do', async () => {
    const { code, err, out } = await shell('audit checkpoint rotate --json').ended
    expect({ code, out }).toEqual({ code: 4, out: '' })
    expect(JSON.parse(err)).toMatchObject({
      code: 'CONFIG_INVALID',
      detail: { reason: 'in-use', pid: running.child.pid },
      advice: expect.stringContaining('Stop it') as string,
    })
  })
})

describe('when answers are read by a program', () => {
  const chain = z.string()
  const rows = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item).min(1) })
  const checked = z.object({ depth: z.enum(['quick', 'full']), state: z.literal('passed'), checked: z.int() })
  const Run = z.strictObject({ chain, ...checked.shape, verdict: z.looseObject({ ok: z.literal(true) }) })
  const Key = z.strictObject({
    keyId: z.string(),
    label: z.string(),
    algorithm: z.string(),
    createdAt: z.int(),
    certificate: z.string().nullable(),
    isTrusted: z.boolean(),
  })
  const Status = (status: string) => z.strictObject({ operator: z.string(), status: z.literal(status) })
  const path = (name: string) => join(server.folder, name)
  const nadia = () => server.setup.operators['nadia']
  const last = () => inFile((file) => file.prepare('select max(sequence) from entry').pluck().get() as number)
  const Page = (item: z.ZodType) => z.strictObject({ items: z.array(item).min(1), next: z.string().nullable() })

  // What is proved lies under a checkpoint.
  beforeAll(() => json('audit checkpoint'))

  /** Words after the name, and the one shape of the answer. */
  const SHAPES: Readonly<Record<string, readonly [() => string, z.ZodType]>> = {
    'audit list': [() => '--limit 3', Page(AuditEntryRow)],
    'audit show': [() => `${last()}`, AuditEntryView],
    'audit trail': [() => `server ${server.config.name} --limit 3`, Page(AuditEntryView)],
    'audit access': [() => '--limit 3', rows(z.looseObject({ time: z.int(), event: z.string(), means: z.string() }))],
    'audit verify': [() => '--quick', Run],
    'audit prove': [
      () => `${last() - 40} --out ${path('proof')}`,
      z.strictObject({ chain, sequence: z.int(), size: z.int(), out: z.string() }),
    ],
    'audit key list': [() => '', rows(Key)],
    'audit key prepare': [
      () => `--out ${path('csr.pem')}`,
      z.strictObject({ chain, keyId: z.string(), label: z.string(), out: z.string() }),
    ],
    'audit key rollover': [
      () => '',
      z.strictObject({ chain, from: z.string(), to: z.string(), label: z.string(), certificate: z.null() }),
    ],
    'audit checkpoint': [() => '', z.strictObject({ chain, size: z.int(), time: z.int(), note: z.string() })],
    'audit checkpoint rotate': [() => '', z.strictObject({ chain, vkey: z.string() })],
    'audit clean': [() => '', z.strictObject({ plan: CleaningPlan, done: z.boolean() })],
    'keys list': [() => '', z.looseObject({ kind: z.literal('software'), items: z.array(z.unknown()).min(1) })],
    'exports list': [() => '', z.strictObject({ items: z.array(z.unknown()), next: z.string().nullable() })],
    'certificate revoke': [() => `--serial ${nadia()?.serials['9A']}`, z.strictObject({ revoked: z.string() })],
    'operator suspend': [() => `--id ${nadia()?.id}`, Status('suspended')],
    'operator resume': [() => `--id ${nadia()?.id}`, Status('active')],
    health: [
      () => '',
      z.strictObject({
        chain: z.strictObject({
          state: z.literal('running'),
          reason: z.null(),
          chain,
          mode: z.literal('epoch'),
          head: z.int(),
          waiting: z.int(),
        }),
        keys: z.literal('software'),
        keyStore: z.looseObject({ ok: z.literal(true) }),
      }),
    ],
  }

  /** In shell-keys.test.ts and exports/shell.test.ts, with what they need to stand on. */
  const ELSEWHERE = /^(keys (?!list)|exports (?!list)|audit export$)/
  it('has a shape here for every command', () => {
    const here = Object.keys(COMMANDS).filter((name) => !ELSEWHERE.test(name))
    expect(Object.keys(SHAPES).toSorted()).toEqual(here.toSorted())
  })

  it.each(Object.keys(SHAPES))('gives one JSON document of one shape: %s', async (name) => {
    const [words, shape] = SHAPES[name] ?? [() => '', z.never()]
    const answer = await json(`${name} ${words()}`.trim())
    expect(shape.safeParse(answer).error?.issues ?? []).toEqual([])
  })

  it('the program prints that document alone, on one line', async () => {
    const { code, out, err } = await shell(`audit show ${server.config.name} ${last()} --json`).ended
    expect({ code, err, lines: out.split('\n').length }).toEqual({ code: 0, err: '', lines: 2 })
    expect(AuditEntryView.parse(JSON.parse(out))).toMatchObject({ chain: server.config.name })
  })

  it('an error is one JSON document on standard error, and nothing on standard output', async () => {
    const { code, out, err } = await shell('audit show 999999 --json').ended
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(JSON.parse(err)).toMatchObject({ code: 'AUDIT_NOT_FOUND' })
  })
})
