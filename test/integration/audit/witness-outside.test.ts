import { afterEach, describe, expect, it } from 'vitest'
import type { CheckpointRecord } from '../../../server/db/repositories/audit-checkpoints.ts'
import { listCosignatures, readLastCosignature } from '../../../server/db/repositories/audit-witnesses.ts'
import { OutsideWitnesses } from '../../../server/audit/witness-outside.ts'
import type { OutsideWitnessesOptions } from '../../../server/audit/witness-outside.ts'
import { findCosignature } from '../../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../../shared/audit/crypto.ts'
import { leafHash } from '../../../shared/audit/merkle.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import type { CheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import type { SmallServer } from './small-server.ts'
import { SmallWitness } from './small-witness.ts'

const verify = createSignatureVerifier()
const HOUR = 3_600_000
let bench: CheckpointBench
let servers: SmallServer[] = []
afterEach(async () => {
  for (const server of servers) await server.stop()
  servers = []
  await bench.close()
})

const newWitness = async (name: string): Promise<SmallWitness> => {
  const witness = await new SmallWitness(name).start()
  if (witness.server) servers.push(witness.server)
  const { key } = await bench.noteKeys().open()
  witness.logs.set(key.name, key)
  return witness
}

/** The clients, a clock, and the checkpoint they send. */
const visit = (witnesses: readonly SmallWitness[], more: Partial<OutsideWitnessesOptions> = {}) => {
  const standing: { latest: CheckpointRecord | null; now: number } = { latest: null, now: Date.now() }
  const { log, alarms, proofs } = bench
  const outside = new OutsideWitnesses({
    audit: bench.databases.audit,
    chain: CHAIN,
    witnesses: witnesses.map(({ key, url }) => ({ name: key.name, key, url })),
    proofs,
    latest: () => standing.latest,
    log,
    alarms,
    timeoutMs: 1000,
    now: () => standing.now,
    ...more,
  })
  const next = async (entries: number): Promise<CheckpointRecord> => {
    await bench.grow(entries)
    standing.latest = await bench.checkpoints().make()
    standing.now += 61_000
    await outside.tick()
    return standing.latest
  }
  return { outside, standing, next }
}
const last = (witness: SmallWitness) => readLastCosignature(bench.databases.audit.db, CHAIN, witness.key.name)

describe('when outside witnesses are configured', () => {
  it('each new checkpoint is cosigned, and the note carries it', async () => {
    bench = await openCheckpointBench()
    const [one, two] = [await newWitness('witness.example/one'), await newWitness('witness.example/two')]
    const { next, standing, outside } = visit([one, two])
    await next(3)
    const made = await next(300)
    for (const witness of [one, two]) {
      expect(await last(witness)).toMatchObject({ size: made.size, signedAt: 1_790_000_000_000 })
      const note = await bench.proofs.noteOf(made)
      expect(findCosignature(note, witness.key, verify)).toMatchObject({ time: 1_790_000_000 })
      expect(outside.failureOf(witness.key.name)).toBeNull()
    }
    expect(await listCosignatures(bench.databases.audit.db, CHAIN, made.size)).toHaveLength(2)
    const asked = one.server?.asked
    standing.now += 61_000
    await outside.tick()
    expect(one.server?.asked).toBe(asked)
    expect(bench.raised).toEqual([])
  })

  it('asks at most once a minute', async () => {
    bench = await openCheckpointBench()
    const witness = await newWitness('witness.example/one')
    const { next, standing, outside } = visit([witness])
    await next(3)
    await bench.grow(3)
    standing.latest = await bench.checkpoints().make()
    standing.now += 30_000
    await outside.tick()
    expect(witness.server?.asked).toBe(1)
    standing.now += 31_000
    await outside.tick()
    expect(witness.server?.asked).toBe(2)
  })

  it('one that has seen more than we remember is asked again from there', async () => {
    bench = await openCheckpointBench()
    const witness = await newWitness('witness.example/one')
    const first = visit([witness])
    const seen = await first.next(5)
    await bench.databases.audit.db.deleteFrom('cosignature').execute()
    const { next } = visit([witness])
    const made = await next(7)
    expect(seen.size).toBeLessThan(made.size)
    expect(await last(witness)).toMatchObject({ size: made.size })
    expect(bench.raised).toEqual([])
  })

  it('is given nothing while it is not known what it was given before', async () => {
    bench = await openCheckpointBench()
    const witness = await newWitness('witness.example/one')
    const { next, standing, outside } = visit([witness])
    await next(3)
    const asked = witness.server?.asked
    const { db } = bench.databases.audit
    await db.schema.alterTable('cosignature').renameTo('away').execute()
    await next(3)
    expect([witness.server?.asked, outside.failureOf(witness.key.name), bench.raised]).toEqual([asked, 'INTERNAL', []])
    await db.schema.alterTable('away').renameTo('cosignature').execute()
    standing.now += 61_000
    await outside.tick()
    expect(await last(witness)).toMatchObject({ size: standing.latest?.size })
    expect(outside.failureOf(witness.key.name)).toBeNull()
  })
})

describe('when an outside witness has seen another past', () => {
  it.each([
    [
      'a larger tree than ours',
      'witness-ahead',
      (size: number) => ({ size: size + 5, root: leafHash(new Uint8Array()) }),
    ],
    ['another root at our size', 'witness-ahead', (size: number) => ({ size, root: leafHash(new Uint8Array()) })],
    ['another root below', 'witness-proof', (size: number) => ({ size: size - 1, root: leafHash(new Uint8Array()) })],
  ])('%s: alarms at once', async (_, reason, head) => {
    bench = await openCheckpointBench()
    const witness = await newWitness('witness.example/one')
    const { key } = await bench.noteKeys().open()
    const { next, outside, standing } = visit([witness])
    await bench.grow(8)
    const size = (await bench.checkpoints().make()).size
    witness.seen.set(key.name, head(size))
    await next(0)
    const said = outside.failureOf(witness.key.name)
    expect(said === reason || said === 'witness-root').toBe(true)
    expect(bench.raised).toMatchObject([{ kind: 'witness-contradiction', severity: 'critical' }])
    expect(bench.logged.some((line) => line.startsWith('fatal'))).toBe(true)
    expect(await last(witness)).toBeNull()
    standing.now += 61_000
    await outside.tick()
    expect(bench.logged.filter((line) => line.startsWith('fatal'))).toHaveLength(1)
  })
})

type Break = (witness: SmallWitness) => void
const down: readonly (readonly [string, string, Break])[] = [
  ['does not know the log', 'unknown-log', (witness) => witness.logs.clear()],
  [
    'knows another key of it',
    'unknown-key',
    (witness) => {
      for (const [origin, key] of witness.logs) witness.logs.set(origin, { ...key, publicKey: witness.key.publicKey })
    },
  ],
  ['answers 500', 'failed', (witness) => answer(witness, 500, '')],
  ['answers 400', 'request', (witness) => answer(witness, 400, '')],
  ['answers no signature', 'cosignature', (witness) => answer(witness, 200, 'thanks\n')],
  ['answers of another size without one', 'conflict', (witness) => answer(witness, 409, 'nine')],
  ['signs with another key', 'cosignature-missing', (witness) => other(witness)],
  ['sends elsewhere', 'redirect', (witness) => answer(witness, 307, '')],
  ['never answers', 'timeout', (witness) => witness.server && (witness.server.answer = () => undefined)],
]
const answer = (witness: SmallWitness, status: number, text: string): void => {
  if (witness.server) witness.server.answer = (_, response) => void response.writeHead(status).end(text)
}
const other = (witness: SmallWitness): void => {
  const stranger = new SmallWitness(witness.key.name)
  for (const [origin, key] of witness.logs) stranger.logs.set(origin, key)
  const server = witness.server
  if (server)
    server.answer = (body, response) =>
      void response.writeHead(200).end(stranger.add(Buffer.from(body).toString()).text)
}

describe('when an outside witness gives nothing', () => {
  it.each(down)('%s: nothing stops, an alarm after a day, cleared when it works', async (_, reason, breaks) => {
    bench = await openCheckpointBench()
    const [broken, well] = [await newWitness('witness.example/broken'), await newWitness('witness.example/well')]
    const logs = new Map(broken.logs)
    const answers = broken.server?.answer
    breaks(broken)
    const { next, outside, standing } = visit([broken, well], { timeoutMs: 200 })
    const made = await next(3)
    expect(outside.failureOf(broken.key.name)).toBe(reason)
    expect(await last(well)).toMatchObject({ size: made.size })
    expect(bench.raised).toEqual([])
    await bench.grow(1)
    standing.now += 25 * HOUR
    await outside.tick()
    expect(bench.raised).toMatchObject([{ kind: 'witness-stale', key: `${CHAIN}/witness.example/broken` }])

    for (const [origin, key] of logs) broken.logs.set(origin, key)
    if (broken.server && answers) broken.server.answer = answers
    await next(1)
    expect(outside.failureOf(broken.key.name)).toBeNull()
    expect(bench.cleared).toContain(`witness-stale ${CHAIN}/witness.example/broken`)
  })

  it('is not there at all: the same', async () => {
    bench = await openCheckpointBench()
    const witness = await newWitness('witness.example/gone')
    const { next, outside } = visit([witness])
    await witness.server?.stop()
    await next(3)
    expect(outside.failureOf(witness.key.name)).toBe('unreachable')
    servers = []
  })
})
