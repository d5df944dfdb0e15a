import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../../shared/audit/base64url.ts'
import { parseNoteKey } from '../../../shared/audit/checkpoint.ts'
import { findCosignature } from '../../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../../shared/audit/crypto.ts'
import { verifyConsistency } from '../../../shared/audit/merkle.ts'
import { fromBase64 } from '../../../shared/audit/note-key.ts'
import { rootKeyIdOf, traceHsmKeys, verifyCheckpointNote } from '../../../shared/audit/note-key-statement.ts'
import type { Endorsed } from '../../../shared/audit/note-key-statement.ts'
import { verifyTlogProof } from '../../../shared/audit/tlog-proof.ts'
import type { CheckpointView } from '../../../shared/contract/routes/audit-witness.ts'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import { deskWitness } from '../../fakes/server/desk-witness.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

const verify = createSignatureVerifier()
const CHAIN = 'test.countersign.example'
const params = { chain: CHAIN }
let server: TestServer
let anna: TestClient
let carla: TestClient
let dario: TestClient
let nadia: TestClient

beforeAll(async () => {
  server = await startServer()
  ;[anna, carla, dario] = (await Promise.all(['anna', 'carla', 'dario'].map((one) => server.signIn(one)))) as [
    TestClient,
    TestClient,
    TestClient,
  ]
  nadia = await server.signIn('nadia', {}, 'naples')
})
afterAll(() => server.close())

const endorsed = (one: { statement: string; endorsement: string }): Endorsed => ({
  statement: decodeBase64url(one.statement),
  endorsement: decodeBase64url(one.endorsement),
})

/** What a desk knows that kept nothing but the origin. */
const readCheckpoint = async (client: TestClient, entries = 0): Promise<CheckpointView> => {
  const holders = Array.from({ length: entries }, () => anna.call('createHolder', { body: HOLDER }))
  const made = await Promise.all(holders)
  // Asking for the proof of an entry that has no checkpoint yet makes one.
  const last = made.at(-1)
  if (last) {
    const { items } = await carla.call('listAudit', { query: { objectType: 'holder', objectId: last.id } })
    await carla.call('proveInclusion', { params: { ...params, sequence: items[0]?.sequence ?? 0 } })
  }
  const { items } = await client.call('listCheckpoints', {})
  const [view] = items
  if (!view) throw new Error('no checkpoint')
  return view
}
const check = (view: CheckpointView) => {
  const hsmKeys = view.binding.hsmKeys.map(endorsed)
  const trusted = traceHsmKeys(CHAIN, hsmKeys, [rootKeyIdOf(CHAIN, view.origin)], verify)
  return verifyCheckpointNote(view.note, view.binding.noteKeys.map(endorsed), trusted, verify).checkpoint
}

describe('a signed-in desk', () => {
  it('is given each chain’s last checkpoint, and needs to trust nothing but the origin', async () => {
    const view = await readCheckpoint(anna, 2)
    const said = check(view)
    expect(said).toMatchObject({ origin: view.origin, size: view.size })
    expect(parseNoteKey(view.vkey).name).toBe(view.origin)
    expect(view.stamped).toBeNull()
    const head = server.running().foundation.sequencer.state().head
    expect(view.size).toBeLessThanOrEqual(head + 1)
  })

  it('is given proof that the chain only grew', async () => {
    const first = await readCheckpoint(anna, 1)
    const second = await readCheckpoint(anna, 5)
    const query = { from: first.size, to: second.size }
    const { hashes } = await anna.call('proveConsistency', { params, query })
    verifyConsistency(check(first), check(second), hashes.map(fromBase64))
    await server.restart()
    ;[anna, carla, dario] = (await Promise.all(['anna', 'carla', 'dario'].map((one) => server.signIn(one)))) as [
      TestClient,
      TestClient,
      TestClient,
    ]
    nadia = await server.signIn('nadia', {}, 'naples')
    const third = await readCheckpoint(anna, 1)
    const again = await anna.call('proveConsistency', { params, query: { from: first.size, to: third.size } })
    verifyConsistency(check(first), check(third), again.hashes.map(fromBase64))
    expect(third.origin).toBe(first.origin)
  })

  it.each([
    ['beyond the last checkpoint', CHAIN, { from: 1, to: 1_000_000 }, 'AUDIT_PROOF_UNAVAILABLE'],
    ['backwards', CHAIN, { from: 2, to: 1 }, 'REQUEST_INVALID'],
    ['another chain', 'nowhere.example', { from: 1, to: 1 }, 'AUDIT_PROOF_UNAVAILABLE'],
  ])('is refused a proof %s', async (_, chain, query, code) => {
    expect((await refusal(anna.call('proveConsistency', { params: { chain }, query }))).code).toBe(code)
  })

  it('cosigns; who may see it sees who saw what', async () => {
    const view = await readCheckpoint(anna, 1)
    const desk = deskWitness(server.stations.milan.id)
    await anna.call('cosignCheckpoint', { params, body: desk.cosign(view) })
    const after = await readCheckpoint(anna)
    expect(findCosignature(after.note, desk.key, verify)).not.toBeNull()
    for (const reader of [carla, dario]) {
      const { size, items } = await reader.call('listWitnesses', { params })
      expect(size).toBe(after.size)
      expect(items).toMatchObject([
        { kind: 'desk', station: server.stations.milan.id, stationName: 'Milan desk', size: view.size, stale: false },
      ])
    }
    expect((await refusal(anna.call('listWitnesses', { params }))).code).toBe('ACCESS_DENIED')
    const bound = await carla.call('listAudit', { query: { objectType: 'audit-witness' } })
    expect(bound.items).toMatchObject([{ action: 'Insertion', objectId: server.stations.milan.id }])

    // Again and again, also after the table was lost: the chain knows which key it is.
    await anna.call('cosignCheckpoint', { params, body: desk.cosign(view) })
    const { db } = server.running().foundation.databases.audit
    await db.deleteFrom('witness').execute()
    await anna.call('cosignCheckpoint', { params, body: desk.cosign(view) })
    const stranger = deskWitness(server.stations.milan.id)
    const refused = await refusal(anna.call('cosignCheckpoint', { params, body: stranger.cosign(view) }))
    expect(refused.code).toBe('AUDIT_WITNESS_KEY_CHANGED')
    // Again with another key: refused, and not told of once more.
    const another = await refusal(
      anna.call('cosignCheckpoint', { params, body: deskWitness(server.stations.milan.id).cosign(view) }),
    )
    expect(another.code).toBe('AUDIT_WITNESS_KEY_CHANGED')
    const entries = await carla.call('listAudit', { query: { objectType: 'audit-witness' } })
    expect(entries.items.map((one) => one.action)).toEqual(['AccessDenied', 'Insertion'])
    const alarms = await dario.call('listAlarms', { query: {} })
    expect(alarms.items).toContainEqual(
      expect.objectContaining({
        kind: 'witness-contradiction',
        key: `${CHAIN} station/${server.stations.milan.id} key`,
      }),
    )
    expect(server.log()).toContain('a station came with another witness key')
  })

  it('is not harmed by cosignatures written past the server, which nobody is shown as having seen anything', async () => {
    const { db } = server.running().foundation.databases.audit
    const { size } = await readCheckpoint(anna, 1)
    const witness = `station/${server.stations.milan.id}`
    const forged = { chain: CHAIN, witness, size, line: 'no line', signed_at: 1, received_at: Date.now() }
    await db
      .insertInto('cosignature')
      .values([forged, { ...forged, witness: 'station/nobody' }])
      .execute()
    expect(check(await readCheckpoint(anna)).size).toBe(size)
    const { items } = await carla.call('listWitnesses', { params })
    expect(items).toMatchObject([{ station: server.stations.milan.id, size: null, time: null }])
    await db.deleteFrom('cosignature').where('line', '=', 'no line').execute()
    const { items: after } = await carla.call('listWitnesses', { params })
    expect(after[0]?.size).toBeGreaterThan(0)
  })

  it('must cosign as the station it is, a checkpoint there is, truly, and now', async () => {
    const view = await readCheckpoint(anna, 1)
    const own = deskWitness(server.stations.naples.id)
    const good = own.cosign(view)
    const rows: readonly (readonly [string, object, string])[] = [
      ['another station', deskWitness(server.stations.milan.id).cosign(view), 'name'],
      ['no such size', { ...good, size: view.size + 1 }, 'size'],
      [
        'another checkpoint',
        { ...good, cosignature: own.cosign({ ...view, note: view.note.replace(/\n\d+\n/, '\n1\n') }).cosignature },
        'cosignature',
      ],
      ['another key', { ...good, vkey: deskWitness(server.stations.naples.id).cosign(view).vkey }, 'cosignature'],
      ['tomorrow', own.cosign(view, Math.floor(Date.now() / 1000) + 86_400), 'time'],
      ['no line', { ...good, cosignature: 'x' }, 'note'],
      ['no key', { ...good, vkey: 'x' }, 'note-key'],
    ]
    for (const [name, body, reason] of rows) {
      const refused = await refusal(nadia.call('cosignCheckpoint', { params, body: body as typeof good }))
      expect([name, refused.code, refused.detail['reason']]).toEqual([name, 'AUDIT_COSIGNATURE_INVALID', reason])
    }
    await nadia.call('cosignCheckpoint', { params, body: good })
  })

  it('tells of a contradiction: log, alarm, entry; once an hour', async () => {
    const kept = await readCheckpoint(anna, 1)
    const seen = await readCheckpoint(anna, 1)
    const body = { kind: 'rewritten' as const, kept: kept.note, seen: seen.note }
    await anna.call('reportContradiction', { params, body })
    await anna.call('reportContradiction', { params, body })
    const { items } = await carla.call('listAudit', {
      query: { objectType: 'audit-checkpoint', action: 'Verification' },
    })
    expect(items).toHaveLength(1)
    const entry = await carla.call('readAudit', { params: { chain: CHAIN, sequence: items[0]?.sequence ?? 0 } })
    expect(entry.after).toMatchObject({
      kind: 'rewritten',
      keptIsOurs: true,
      seenIsOurs: true,
      provesFork: false,
      kept: kept.note,
    })
    expect(server.log()).toContain('a desk was shown a chain that contradicts what it kept')
    const alarms = await dario.call('listAlarms', { query: {} })
    const key = `${CHAIN} station/${server.stations.milan.id}`
    const alarm = alarms.items.find((one) => one.key === key)
    const proved = { keptIsOurs: true, seenIsOurs: true, proofs: 2 }
    expect(alarm).toMatchObject({ kind: 'witness-contradiction', severity: 'critical', detail: proved })
    // The same notes with a line that anyone may add are the same.
    const longer = { ...body, kept: `${kept.note}\u2014 nobody AAAAAAAA\n` }
    await anna.call('reportContradiction', { params, body: longer })
    // Whatever it is: told of, and called what it is.
    await nadia.call('reportContradiction', { params, body: { kind: 'invalid', kept: 'no note', seen: null } })
    const mine = alarms.items.filter((one) => one.kind === 'witness-contradiction').length
    const more = await dario.call('listAlarms', { query: {} })
    expect(more.items.filter((one) => one.kind === 'witness-contradiction')).toHaveLength(mine + 1)
    const unknown = { params: { chain: 'nowhere.example' }, body }
    expect((await refusal(anna.call('reportContradiction', unknown))).code).toBe('AUDIT_NOT_FOUND')
  })

  it('fills no chain and hides no alarm with reports that prove nothing', async () => {
    const told = async () => {
      const query = { objectType: 'audit-checkpoint' as const, action: 'Verification' as const, limit: 100 }
      return (await carla.call('listAudit', { query })).items
    }
    const before = (await told()).length
    const made = (n: number) => ({ kind: 'invalid' as const, kept: `made up ${n} ${'x'.repeat(2000)}`, seen: null })
    const codes: string[] = []
    for (let n = 0; n < 20; n++) {
      const report = anna.call('reportContradiction', { params, body: made(n) })
      codes.push(
        await report.then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      )
    }
    expect(codes.slice(0, 2)).toEqual(['done', 'done'])
    expect(codes.slice(-10)).toEqual(Array.from({ length: 10 }, () => 'REQUEST_RATE_LIMITED'))
    const entries = await told()
    expect(entries.length - before).toBeLessThanOrEqual(6)
    const last = await carla.call('readAudit', { params: { chain: CHAIN, sequence: entries[0]?.sequence ?? 0 } })
    expect(last.after).toMatchObject({ keptIsOurs: false, kept: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } })
    const { items } = await dario.call('listAlarms', { query: {} })
    const alarm = items.find((one) => one.key === `${CHAIN} station/${server.stations.milan.id}`)
    expect(alarm).toMatchObject({ severity: 'critical', detail: { proofs: 2, keptIsOurs: true, seenIsOurs: true } })
    expect(alarm?.times).toBeGreaterThan(1)
    // Another desk is still heard.
    await nadia.call('reportContradiction', { params, body: made(99) })
    expect(await told()).toHaveLength(entries.length + 1)
  })
})

describe('the proof of an entry', () => {
  const sequenceOf = async (id: string): Promise<number> => {
    const { items } = await carla.call('listAudit', { query: { objectType: 'holder', objectId: id } })
    return items[0]?.sequence ?? -1
  }

  it('is for who may read the entry, and verifies by itself', async () => {
    const holder = await anna.call('createHolder', { body: HOLDER })
    const sequence = await sequenceOf(holder.id)
    for (const reader of [anna, carla]) {
      const proof = await reader.call('proveInclusion', { params: { ...params, sequence } })
      const view = await readCheckpoint(anna)
      const shown = verifyTlogProof(proof.proof, fromBase64(proof.entry), parseNoteKey(view.vkey), verify)
      expect(shown).toMatchObject({ index: sequence, checkpoint: { size: proof.size } })
      expect(JSON.parse(Buffer.from(proof.entry, 'base64').toString('utf8'))).toMatchObject({
        object: { type: 'holder', id: holder.id },
      })
    }
  })

  it('is refused out of reach: another office, what no trail shows, what is not there', async () => {
    const holder = await anna.call('createHolder', { body: HOLDER })
    const sequence = await sequenceOf(holder.id)
    const sessions = await carla.call('listAudit', { query: { action: 'Login' } })
    const rows: readonly (readonly [TestClient, number])[] = [
      [nadia, sequence],
      [anna, 0],
      [anna, sessions.items[0]?.sequence ?? 0],
      [carla, 1_000_000],
    ]
    for (const [client, at] of rows)
      expect((await refusal(client.call('proveInclusion', { params: { ...params, sequence: at } }))).code).toBe(
        'AUDIT_NOT_FOUND',
      )
    expect((await refusal(dario.call('proveInclusion', { params: { ...params, sequence } }))).code).toBe(
      'ACCESS_DENIED',
    )
  })
})

describe('anyone', () => {
  it('may read a chain’s checkpoint as C2SP logs serve it', async () => {
    const view = await readCheckpoint(anna, 1)
    const get = (path: string) => server.transport({ method: 'GET', path, headers: {}, body: null })
    const answer = await get(`/audit/${CHAIN}/checkpoint`)
    expect(answer.status).toBe(200)
    expect(String(answer.headers['content-type'])).toBe('text/plain; charset=utf-8')
    expect(check({ ...view, note: answer.text }).size).toBeGreaterThan(0)
    expect((await get('/audit/nowhere.example/checkpoint')).status).toBe(404)
    expect((await get('/audit/..%2f/checkpoint')).status).toBe(404)
  })
})

describe('health', () => {
  it('says how old the last checkpoint is, and who stays away', async () => {
    const { checks } = await dario.call('readHealth', {})
    expect(checks.map((one) => one.name)).toEqual(expect.arrayContaining(['audit-checkpoints', 'audit-witnesses']))
    expect(checks.find((one) => one.name === 'audit-checkpoints')).toMatchObject({ state: 'ok' })
  })
})
