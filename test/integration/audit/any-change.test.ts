import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { readStoredChain } from '../../../server/audit/stored-chain.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import type { Json } from '../../../shared/audit/json.ts'
import type { AuditKey } from '../../../shared/audit/key-statement.ts'
import type { StoredChain, StoredCheckpoint, StoredEntry } from '../../../shared/audit/stored.ts'
import { verifyChain } from '../../../shared/audit/verification.ts'
import { verifyInParallel } from '../../../shared/audit/parallel.ts'
import { CHAIN, newIntent, openBench } from '../../unit/server/audit/chain-bench.ts'
import type { Bench } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import { checkpointsOf, poolOver } from '../../unit/shared/audit/memory-chain.ts'

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
  turn(bytes: Uint8Array): StoredChain
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
    made.push({ name: 'endorsement', bytes: key.endorsement, turn: (endorsement) => put({ ...key, endorsement }) })
  }
  return made
}

describe('any payload, in any order of writers', () => {
  it('appends, and then verifies, quick and full', async () => {
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
      { numRuns: 20 },
    )
  })
})

describe('any one bit turned', () => {
  it.each(['full', 'quick'] as const)('is found: %s', async (mode) => {
    const made = await openCheckpointBench({ epochEntries: 5 })
    bench = made
    await made.grow(6)
    await made.checkpoints().make()
    await made.grow(6)
    await made.checkpoints().make()
    await made.grow(3)
    const { rows, stored, notes } = await load()
    expect(notes).toHaveLength(2)
    const all = turnables(rows, stored, notes)
    const trustedKeyIds = [keyIdOf(bench.signer.publicKeySpki())]
    const verify = async (turned: StoredChain) => {
      const inOrder = await verifyChain(turned, { mode, trustedKeyIds })
      const pool = poolOver(turned)
      expect(await verifyInParallel(turned, { mode, trustedKeyIds, pool, segment: 4 })).toEqual(inOrder)
      return inOrder
    }
    expect(await verify(inMemory(stored, rows))).toMatchObject({ ok: true })
    await fc.assert(
      fc.asyncProperty(fc.nat(all.length - 1), fc.nat(1 << 20), async (which, at) => {
        const chosen = all[which]
        if (!chosen) return
        const bit = at % (chosen.bytes.length * 8)
        const turned = Uint8Array.from(chosen.bytes)
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const verdict = await verify(chosen.turn(turned))
        expect({ name: chosen.name, ok: verdict.ok }).toEqual({ name: chosen.name, ok: false })
      }),
      { numRuns: 300 },
    )
  })
})
