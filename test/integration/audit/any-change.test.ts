import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { readStoredChain } from '../../../server/audit/stored-chain.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import type { Json } from '../../../shared/audit/json.ts'
import type { AuditKey } from '../../../shared/audit/key-statement.ts'
import type { StoredChain, StoredCheckpoint, StoredEntry, StoredPayload } from '../../../shared/audit/stored.ts'
import { verifyChain } from '../../../shared/audit/verification.ts'
import { verifyInParallel } from '../../../shared/audit/parallel.ts'
import type { CertifiedSigner } from '../../../server/audit/chain-keys.ts'
import { selfSigned } from '../../unit/main/cards/self-signed.ts'
import { CHAIN, newIntent, newSigner, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import { checkpointsOf, poolOver } from '../../unit/shared/audit/memory-chain.ts'
import { MONTH_MS, NOW, openRetention } from './retention-bench.ts'

/** Runs grow with SOAK=1. */
const runs = (ordinary: number): number => (process.env['SOAK'] === '1' ? ordinary * 50 : ordinary)
const TIMEOUT_MS = process.env['SOAK'] === '1' ? 3 * 3_600_000 : 240_000

let bench: Bench
afterEach(() => bench.close())

const SECRET = /pin|puk|pass|secret|key|token|code|cookie|authorization|cipher|plaintext/i
const named = (value: Json): boolean => SECRET.test(JSON.stringify(value))
const anyJson = fc.jsonValue({ maxDepth: 4 }).filter((value) => !named(value as Json)) as fc.Arbitrary<Json>

/** Everything of a chain in memory, so that any bit of it can be turned. */
const load = async (): Promise<{ rows: StoredEntry[]; stored: StoredChain; notes: StoredCheckpoint[] }> => {
  const read = await readStoredChain(bench.databases.audit.db, CHAIN)
  const { findStray: _asks, ...stored } = read
  const rows: StoredEntry[] = []
  for await (const batch of stored.entries(0)) rows.push(...batch)
  const notes: StoredCheckpoint[] = []
  for await (const batch of read.checkpoints?.(0) ?? []) notes.push(...batch)
  return { rows, stored: { ...stored, checkpoints: checkpointsOf(notes) }, notes }
}
const inMemory = (stored: StoredChain, rows: readonly StoredEntry[]): StoredChain => ({
  ...stored,
  entries: async function* (from) {
    await Promise.resolve()
    yield rows.filter((row) => row.sequence >= from)
  },
})

interface Turnable {
  readonly name: string
  readonly bytes: Uint8Array
  readonly turn: (bytes: Uint8Array) => StoredChain
}

const NUMBER_BYTES = 6
const numberBytes = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(NUMBER_BYTES)
  bytes.writeUIntBE(value, 0, NUMBER_BYTES)
  return bytes
}
const numberOf = (bytes: Uint8Array): number => Buffer.from(bytes).readUIntBE(0, NUMBER_BYTES)
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** Who erased a payload, when, and under which rule. */
const turnableMarks = (payload: StoredPayload, put: (payload: StoredPayload) => StoredChain): Turnable[] => {
  const { erasedAt, erasedBy, erasedRule } = payload
  if (erasedAt === null || erasedBy === null || erasedRule === null) throw new Error('no marks')
  return [
    {
      name: 'erased at',
      bytes: numberBytes(erasedAt),
      turn: (bytes) => put({ ...payload, erasedAt: numberOf(bytes) }),
    },
    { name: 'erased by', bytes: Buffer.from(erasedBy), turn: (bytes) => put({ ...payload, erasedBy: textOf(bytes) }) },
    {
      name: 'erased rule',
      bytes: Buffer.from(erasedRule),
      turn: (bytes) => put({ ...payload, erasedRule: textOf(bytes) }),
    },
  ]
}

const turnablesOfCut = (rows: readonly StoredEntry[], stored: StoredChain): Turnable[] => {
  const { cut } = stored
  if (!cut) return []
  const put = (changed: Partial<typeof cut>): StoredChain => inMemory({ ...stored, cut: { ...cut, ...changed } }, rows)
  return [
    { name: 'cut size', bytes: numberBytes(cut.size), turn: (bytes) => put({ size: numberOf(bytes) }) },
    { name: 'cut statement', bytes: cut.statement, turn: (statement) => put({ statement }) },
    { name: 'cut signature', bytes: cut.signature, turn: (signature) => put({ signature }) },
  ]
}

const turnables = (
  rows: readonly StoredEntry[],
  stored: StoredChain,
  notes: readonly StoredCheckpoint[],
): Turnable[] => {
  const made: Turnable[] = []
  const { head } = stored
  if (!head?.frontier) throw new Error('no head')
  const withHead = (changed: Partial<typeof head>): StoredChain =>
    inMemory({ ...stored, head: { ...head, ...changed } }, rows)
  made.push({ name: 'head signature', bytes: head.signature, turn: (signature) => withHead({ signature }) })
  made.push({ name: 'head edge', bytes: head.frontier, turn: (frontier) => withHead({ frontier }) })
  for (const [place, note] of notes.entries()) {
    const put = (changed: StoredCheckpoint): StoredChain =>
      inMemory({ ...stored, checkpoints: checkpointsOf(notes.with(place, changed)) }, rows)
    // As a store would give it back: bytes that are no UTF-8 come as text that says so.
    const turnNote = (bytes: Uint8Array): StoredChain => put({ ...note, note: Buffer.from(bytes).toString('utf8') })
    made.push({ name: 'note', bytes: Buffer.from(note.note), turn: turnNote })
    made.push({ name: 'checkpoint root', bytes: note.root, turn: (root) => put({ ...note, root }) })
  }
  made.push(...turnablesOfCut(rows, stored))
  for (const [place, row] of rows.entries()) {
    const put = (changed: StoredEntry): StoredChain => inMemory(stored, rows.with(place, changed))
    made.push({ name: 'bytes', bytes: row.bytes, turn: (bytes) => put({ ...row, bytes }) })
    made.push({ name: 'signature', bytes: row.signature, turn: (signature) => put({ ...row, signature }) })
    made.push({
      name: 'previous',
      bytes: row.previousSignature,
      turn: (value) => put({ ...row, previousSignature: value }),
    })
    const [payload] = row.payloads
    if (payload?.bytes === null) made.push(...turnableMarks(payload, (marked) => put({ ...row, payloads: [marked] })))
    if (!payload?.bytes) continue
    made.push({
      name: 'payload',
      bytes: payload.bytes,
      turn: (bytes) => put({ ...row, payloads: [{ ...payload, bytes }] }),
    })
    made.push({ name: 'salt', bytes: payload.salt, turn: (salt) => put({ ...row, payloads: [{ ...payload, salt }] }) })
  }
  for (const [place, key] of stored.keys.entries()) {
    const put = (changed: AuditKey): StoredChain =>
      inMemory({ ...stored, keys: stored.keys.with(place, changed) }, rows)
    made.push({ name: 'spki', bytes: key.spki, turn: (spki) => put({ ...key, spki }) })
    made.push({ name: 'statement', bytes: key.statement, turn: (statement) => put({ ...key, statement }) })
    if (key.certificate) {
      made.push({ name: 'certificate', bytes: key.certificate, turn: (certificate) => put({ ...key, certificate }) })
    }
    made.push({ name: 'endorsement', bytes: key.endorsement, turn: (endorsement) => put({ ...key, endorsement }) })
  }
  return made
}

describe('any payload, in any order of writers', () => {
  it(
    'appends, and then verifies, quick and full',
    async () => {
      bench = await openBench({ epochEntries: 7 })
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(anyJson, anyJson), { minLength: 1, maxLength: 6 }), async (payloads) => {
          await Promise.all(
            payloads.map(async ([before, after]) => {
              const intent = newIntent({ before, after })
              await inTransaction(bench.databases.operational.db, (trx) => recordIntent(trx, intent))
              await bench.sequencer.settle([intent.id])
            }),
          )
          expect(await bench.verify('full')).toMatchObject({ ok: true })
          expect(await bench.verify('quick')).toMatchObject({ ok: true })
        }),
        { numRuns: runs(20) },
      )
    },
    TIMEOUT_MS,
  )
})

const newCertifiedSigner = async (): Promise<CertifiedSigner> => {
  const next = newSigner('audit-2')
  return { ...next, certificate: await selfSigned(next.publicKeySpki(), (data) => next.sign(data)) }
}

/** Checkpoints, and a second key with its certificate. */
const openWhole = async (): Promise<Bench> => {
  const made = await openCheckpointBench({ epochEntries: 5 })
  await made.grow(6)
  await made.checkpoints().make()
  await made.grow(6)
  await made.checkpoints().make()
  await made.sequencer.rollTo(await newCertifiedSigner())
  await made.grow(3)
  return made
}

/** Payloads of two acts are erased, in stretches and alone. */
const openErased = async (): Promise<Bench> => {
  const made = await openRetention({ epochEntries: 6 })
  const holderOf = (n: number) => ({
    object: { type: 'route', id: n % 5 === 4 ? 'second' : n > 8 ? 'stays' : 'first' },
  })
  await made.fill(16, NOW - 30 * MONTH_MS, holderOf)
  for (const [id, by] of Object.entries({ first: 'operator-1', second: 'operator-2' })) {
    await made.eraser().eraseObject({ type: 'route', id }, { id: `erasure_${id}`, by, rule: 'request' })
  }
  return made
}

/** Cleaned, with some entries behind the cut. */
const openCut = async (): Promise<Bench> => {
  const made = await openRetention({ epochEntries: 50 })
  await made.fill(260, NOW - 30 * MONTH_MS)
  await made.cleaner().run({ cut: 256, by: 'operator-1', rule: 'window' })
  await made.fill(3, NOW)
  return made
}

const CHAINS = [
  ['with checkpoints and a certificate', openWhole, ['note', 'checkpoint root', 'certificate']],
  ['with erased payloads', openErased, ['erased at', 'erased by', 'erased rule']],
  ['that was cut', openCut, ['cut size', 'cut statement', 'cut signature']],
] as const
const ROWS = CHAINS.flatMap(([name, ...rest]) =>
  (['full', 'quick'] as const).map((mode) => [name, mode, ...rest] as const),
)

describe('any one bit turned', () => {
  it.each(ROWS)(
    'is found in a chain %s: %s',
    async (_, mode, open, kinds) => {
      bench = await open()
      const { rows, stored, notes } = await load()
      const all = turnables(rows, stored, notes)
      expect(kinds.filter((kind) => !all.some(({ name }) => name === kind))).toEqual([])
      const trustedKeyIds = [keyIdOf(bench.signer.publicKeySpki())]
      const verify = async (turned: StoredChain) => {
        const inOrder = await verifyChain(turned, { mode, trustedKeyIds })
        const pool = poolOver(turned)
        expect(await verifyInParallel(turned, { mode, trustedKeyIds, pool, segment: 4 })).toEqual(inOrder)
        return inOrder
      }
      expect(await verify(inMemory(stored, rows))).toMatchObject({ ok: true })
      const expectFound = async ({ name, bytes, turn }: Turnable, at: number): Promise<void> => {
        const bit = at % (bytes.length * 8)
        const turned = Uint8Array.from(bytes)
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const verdict = await verify(turn(turned))
        expect({ name, bit, ok: verdict.ok }).toEqual({ name, bit, ok: false })
      }
      // What is rare among all bits is met in every run.
      for (const one of all.filter(({ name }) => (kinds as readonly string[]).includes(name))) {
        for (const at of [0, one.bytes.length * 8 - 1]) await expectFound(one, at)
      }
      await fc.assert(fc.asyncProperty(fc.constantFrom(...all), fc.nat(1 << 20), expectFound), { numRuns: runs(150) })
    },
    TIMEOUT_MS,
  )
})
