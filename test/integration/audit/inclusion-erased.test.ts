import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rootKeyOf } from '../../../server/audit/chain-keys.ts'
import { makeLink } from '../../../server/audit/link-maker.ts'
import { AuditTrail } from '../../../server/audit/trail.ts'
import type { VerificationRun } from '../../../server/audit/verification-run.ts'
import type { NewEntry } from '../../../server/db/repositories/audit-entry-row.ts'
import { insertEntries, readyEntries } from '../../../server/db/repositories/audit-entries.ts'
import { AuditInclusion } from '../../../server/services/audit-inclusion.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { MerkleFrontier } from '../../../shared/audit/merkle.ts'
import { CHAIN, newIntent, newSigner } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import type { CheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'

const AT = 1_760_000_000_000
const MARKS = { erased_at: AT, erased_by: 'operator-1', erased_rule: 'data-subject-request' }
/** Erased, with a tombstone. */
const GONE = 12
/** Not erased by anybody. */
const THERE = 20

let bench: CheckpointBench
const tombstone = (id: string) =>
  newIntent({
    at: AT,
    tenant: 'system',
    action: 'Deletion',
    object: { type: 'audit-payload', id },
    after: { by: MARKS.erased_by, rule: MARKS.erased_rule },
  })
const change = (sequence: number, values: object): Promise<unknown> =>
  bench.databases.audit.db.updateTable('payload').set(values).where('sequence', '=', sequence).execute()
const erase = (sequence: number, marks: object = MARKS): Promise<unknown> =>
  change(sequence, { bytes: null, salt: new Uint8Array(0), ...marks })

beforeEach(async () => {
  bench = await openCheckpointBench({ epochEntries: 16 })
  await bench.grow(30)
  await bench.write([tombstone(`${GONE}-${GONE + 1}`)])
  await erase(GONE)
  await erase(GONE + 1)
  await bench.grow(10)
})
afterEach(() => bench.close())

/** What an auditor of tenant-1 is told. */
const verify = async (seal: () => Promise<unknown> = () => bench.checkpoints().make()): Promise<VerificationRun> => {
  const { audit } = bench.databases
  const errors: unknown[] = []
  const ended = Promise.withResolvers<VerificationRun>()
  const inclusion = new AuditInclusion({
    audit: audit.db,
    trail: new AuditTrail(audit, () => Promise.resolve(new Map())),
    node: CHAIN,
    trustedKeyIds: () => [keyIdOf(bench.signer.publicKeySpki())],
    seal,
    onError: (error) => errors.push(error),
    onEnd: ended.resolve,
  })
  const request = { chain: CHAIN, requestedBy: 'auditor-1', filter: { tenant: 'tenant-1' } }
  inclusion.begin(await inclusion.prepare(request), request)
  const run = await ended.promise
  expect(errors).toEqual([])
  return run
}

/** Who writes into the file is not held by what it refuses. */
const putThere = async (link: NewEntry): Promise<void> => {
  const { db } = bench.databases.audit
  await sql`drop trigger entry_follows`.execute(db)
  await insertEntries(db, await readyEntries(db, [link]), 'sqlite')
}

describe('entries proved one by one, some of them erased', () => {
  it('pass with their tombstone, which is of nobody who asks', async () => {
    expect(await verify()).toMatchObject({ state: 'passed', verdict: { ok: true, payloadsErased: 2 } })
  })

  it('pass with a tombstone younger than the checkpoint, by the key that signed it', async () => {
    await bench.checkpoints().make()
    await bench.write([tombstone(String(THERE))])
    await erase(THERE)
    const run = await verify(() => Promise.resolve())
    expect(run).toMatchObject({ state: 'passed', verdict: { payloadsErased: 3 } })
  })

  it.each<readonly [string, () => Promise<unknown>, number, string]>([
    ['no tombstone at all', () => erase(THERE, { ...MARKS, erased_at: AT + 1 }), THERE, 'erased'],
    ['the marks of a tombstone of others', () => erase(THERE), THERE, 'erased'],
    ['no marks', () => erase(THERE, {}), THERE, 'payload'],
    ['another person', () => change(GONE, { erased_by: 'operator-2' }), GONE, 'erased_by'],
    ['another rule', () => change(GONE, { erased_rule: 'retention-end' }), GONE, 'erased_rule'],
    ['another time', () => change(GONE, { erased_at: AT + 1 }), GONE, 'erased_at'],
    ['a salt put there', () => change(GONE, { salt: new Uint8Array(16) }), GONE, 'salt'],
    ['marks where the payload is there', () => change(THERE, MARKS), THERE, 'erasure-marks'],
    ['another payload', () => change(THERE, { bytes: new TextEncoder().encode('{}') }), THERE, 'payload'],
  ])('fail with %s', async (_, tamper, sequence, what) => {
    await tamper()
    expect(await verify()).toMatchObject({
      state: 'failed',
      verdict: { ok: false, kind: 'payload-mismatch', sequence, what },
    })
  })

  it.each(['a stranger', 'a stranger in the name of the key store'])(
    'fail with a tombstone after the checkpoint, signed by %s',
    async (who) => {
      const { size } = await bench.checkpoints().make()
      const draft = { chain: CHAIN, sequence: size - 1, signature: new Uint8Array(64), tree: new MerkleFrontier() }
      const key = rootKeyOf(newSigner('stranger'))
      const named = who === 'a stranger' ? key : { ...key, keyId: keyIdOf(bench.signer.publicKeySpki()) }
      const { link } = await makeLink(tombstone(String(THERE)), draft, named)
      await putThere(link)
      await erase(THERE)
      const run = await verify(() => Promise.resolve())
      expect(run).toMatchObject({ state: 'failed', verdict: { sequence: THERE, what: 'erased' } })
    },
  )

  it('fail with a tombstone written over an entry of the tree', async () => {
    const { db } = bench.databases.audit
    const over = THERE + 4
    await bench.checkpoints().make()
    await db.deleteFrom('entry').where('sequence', '=', over).execute()
    await db.deleteFrom('payload').where('sequence', '=', over).execute()
    const { link } = await makeLink(
      tombstone(String(THERE)),
      { chain: CHAIN, sequence: over - 1, signature: new Uint8Array(64), tree: new MerkleFrontier() },
      rootKeyOf(bench.signer),
    )
    await putThere(link)
    await erase(THERE)
    expect(await verify(() => Promise.resolve())).toMatchObject({ state: 'failed' })
  })
})
