import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseSignatureLine } from '../../../../shared/audit/checkpoint.ts'
import { parseWitnessKey, verifyCosignature } from '../../../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../../../shared/audit/crypto.ts'
import { AppError } from '../../../../shared/contract/index.ts'
import type { HttpRequest } from '../../../../shared/contract/index.ts'
import type { CheckpointView } from '../../../../shared/contract/routes/audit-witness.ts'
import { headOf } from '../../../../main/services/witness-verify.ts'
import { FakeChain } from '../../../fakes/desk/audit-chain.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'

const verify = createSignatureVerifier()
let t: TestDesk
let chain: FakeChain
let cosigned: HttpRequest<'cosignCheckpoint'>[]
let reported: HttpRequest<'reportContradiction'>[]
let views: () => CheckpointView[]

beforeEach(async () => {
  t = await makeDesk()
  chain = new FakeChain('node-1', 5)
  cosigned = []
  reported = []
  views = () => [chain.view()]
  serve()
})
afterEach(() => t.end())

/** A server that shows `views()` and proves with what it has. */
function serve(): void {
  t.remote.handlers.listCheckpoints = () => ({ items: views() })
  t.remote.handlers.proveConsistency = ({ params, query }) => ({
    chain: params.chain,
    ...query,
    hashes: chain.prove(query.from, query.to),
  })
  t.remote.handlers.cosignCheckpoint = (input) => {
    cosigned.push(input)
    return { done: true }
  }
  t.remote.handlers.reportContradiction = (input) => {
    reported.push(input)
    return { done: true }
  }
}
const look = () => t.desk.handlers['witness.check']({})
const begin = async () => {
  await t.signIn()
  await look()
}
const kept = () => t.store.witness.checkpoints().map(({ size, note }) => ({ size, root: headOf(note).root }))
const sizes = () => kept().map(({ size }) => size)

describe('when the server tells the truth', () => {
  it('keeps what it sees first, cosigns it, and follows as it grows', async () => {
    await begin()
    expect(sizes()).toEqual([5])
    chain.append(8)
    expect((await look()).chains).toMatchObject([{ chain: 'node-1', size: 13, unproved: null }])
    expect(cosigned.map(({ body }) => body.size)).toEqual([5, 13])
    for (const { body } of cosigned) {
      const key = parseWitnessKey(body.vkey)
      expect(key.name).toBe('station/station_00000001')
      const shown = body.size === 13 ? chain.view().note : new FakeChainText(chain, 5).text
      const text = body.size === 13 ? headOf(shown).text : shown
      const { time } = verifyCosignature(text, parseSignatureLine(body.cosignature.trimEnd()), key, verify)
      expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(60)
    }
    expect(new Set(cosigned.map(({ body }) => body.vkey)).size).toBe(1)
  })
  it('cosigns the same checkpoint once, and notes when it was last seen', async () => {
    await begin()
    const before = (await look()).chains[0]?.seenAt ?? 0
    await wait(5)
    const [after] = (await look()).chains
    expect(after?.seenAt).toBeGreaterThan(before)
    expect(cosigned).toHaveLength(1)
  })
  it('looks by itself at sign-in and after a reconnection, and not while nobody is signed in', async () => {
    await look().catch(() => undefined)
    expect(t.remote.calls.some(({ name }) => name === 'listCheckpoints')).toBe(false)
    await t.signIn()
    await vi.waitFor(() => expect(t.store.witness.checkpoints()[0]?.cosignedAt).toBeTypeOf('number'))
    await wait(5)
    chain.append(1)
    t.remote.reach(false)
    t.remote.reach(true)
    await vi.waitFor(() => expect(sizes()).toEqual([6]))
  })
  it.each([
    ['a note key', () => chain.rollNoteKey()],
    ['a key-store key', () => chain.rollHsmKey()],
    ['both, more than once', () => chain.rollHsmKey().rollHsmKey().rollNoteKey()],
  ])('follows a roll-over of %s that is proved', async (_what, roll) => {
    await begin()
    roll()
    chain.append(3)
    await look()
    expect(sizes()).toEqual([8])
    expect(t.store.witness.contradictions()).toEqual([])
  })
  it('keeps the chains of several nodes apart', async () => {
    const other = new FakeChain('node-2', 2)
    views = () => [chain.view(), other.view()]
    await begin()
    expect(sizes()).toEqual([5, 2])
  })
  it('does not stop issuing while the server cannot be asked, and says that it was not', async () => {
    t.remote.handlers.listCheckpoints = () => {
      throw new AppError('NETWORK_OFFLINE')
    }
    await begin()
    expect(await look()).toMatchObject({ checkedAt: null, failure: 'NETWORK_OFFLINE', contradictions: [] })
    await expect(t.desk.handlers['enrolments.personalise'](CARD)).rejects.toMatchObject({ code: 'CARD_NOT_PRESENT' })
  })
})

const CARD = { id: 'enrolment_00000001', reader: 'Reader B' }
/** The text of the checkpoint a chain had at a smaller size. */
class FakeChainText {
  readonly text: string
  constructor(of: FakeChain, size: number) {
    const all = of.entries
    of.entries = all.slice(0, size)
    this.text = headOf(of.view().note).text
    of.entries = all
  }
}

const LIES: [string, string, () => void][] = [
  ['its tail cut by one', 'truncated', () => void chain.entries.pop()],
  ['rolled back to an old backup', 'truncated', () => (chain.entries = chain.entries.slice(0, 2))],
  ['emptied', 'truncated', () => (chain.entries = [])],
  ['not shown at all', 'truncated', () => (views = () => [])],
  ['forked: another entry at the same size', 'forked', () => void chain.entries.splice(4, 1, 'other')],
  ['cut and grown past what was seen', 'rewritten', () => void (chain.entries.splice(3), chain.append(9, 'other'))],
  [
    'signed anew from the first entry with the real keys',
    'rewritten',
    () => void ((chain.entries = []), chain.append(20, 'new past')),
  ],
  [
    'one old entry changed, the rest as it was',
    'rewritten',
    () => void (chain.entries.splice(1, 1, 'x'), chain.append(4)),
  ],
  [
    'of another origin: a new chain under the old name',
    'key-changed',
    () => {
      const entries = chain.entries
      chain = new FakeChain('node-1')
      chain.entries = [...entries, 'more']
    },
  ],
  ['signed by a key that nothing announces', 'key-changed', () => void chain.useForeignKey('nothing').append(1)],
  ['signed by a key that vouches for itself', 'key-changed', () => void chain.useForeignKey('itself').append(1)],
  [
    'signed by a key-store key that nobody brought in',
    'key-changed',
    () => void (chain.rollHsmKey().append(1), chain.hsmKeys.pop()),
  ],
  [
    'signed falsely',
    'invalid',
    () => {
      chain.append(1)
      views = () => {
        const view = chain.view()
        const broken = `${view.note.slice(0, -8)}${view.note.at(-8) === 'A' ? 'B' : 'A'}${view.note.slice(-7)}`
        return [{ ...view, note: broken }]
      }
    },
  ],
  ['said to be larger than signed', 'invalid', () => (views = () => [chain.view({ size: 99 })])],
  ['no note at all', 'invalid', () => (views = () => [chain.view({ note: 'trust me' })])],
]

describe('when the server lies', () => {
  it.each(LIES)('refuses a chain %s', async (_what, kind, lie) => {
    await begin()
    const before = kept()
    const { note } = chain.view()
    lie()
    const state = await look()
    expect(kept()).toEqual(before)
    expect(cosigned).toHaveLength(1)
    expect(state.contradictions).toMatchObject([{ chain: 'node-1', kind, keptSize: 5, reported: true }])
    expect(reported).toMatchObject([{ params: { chain: 'node-1' }, body: { kind, kept: note } }])
    expect(t.log.lines.filter(({ event }) => event === 'witness.contradicted')).toHaveLength(1)
    // Seen again it is the same one.
    await look()
    expect(t.store.witness.contradictions()).toHaveLength(1)
    expect(reported).toHaveLength(1)
  })
  it('issues nothing more, still unblocks, and tells the screen; also after a restart, before anybody signs in', async () => {
    await begin()
    chain.entries.pop()
    const told: number[] = []
    t.desk.events.on('witness', ({ contradictions }) => told.push(contradictions.length))
    const [found] = (await look()).contradictions
    expect(told).toContain(1)
    const refused = { code: 'AUDIT_HISTORY_CONTRADICTED', detail: { id: found?.id } }
    t = t.restart()
    expect((await t.desk.handlers['witness.state']({})).contradictions).toMatchObject([{ id: found?.id }])
    await t.signIn()
    await expect(t.desk.handlers['enrolments.personalise'](CARD)).rejects.toMatchObject(refused)
    await expect(
      t.desk.handlers['enrolments.sign']({
        id: CARD.id,
        etag: '"1"',
        pin: t.cards.seal('pin', t.officer.pin),
        record: {} as never,
      }),
    ).rejects.toMatchObject(refused)
    const unblock = t.desk.handlers['cards.unblock']({
      reader: 'Reader B',
      serial: 'B1A4C001',
      checks: ['document', 'face'] as never,
      reason: 'forgotten',
      newPin: t.cards.seal('new-pin', '775533'),
    })
    await expect(unblock).rejects.not.toMatchObject(refused)
  })
  it('stays an alarm where the server tells the truth again', async () => {
    await begin()
    const truth = [...chain.entries]
    chain.entries.pop()
    await look()
    chain.entries = [...truth, 'next']
    expect(await look()).toMatchObject({ chains: [{ size: 6 }], contradictions: [{ kind: 'truncated' }] })
  })
  it('is closed by the configuration of the machine alone; the desk then begins anew, and says so', async () => {
    await begin()
    chain.entries.pop()
    const [found] = (await look()).contradictions
    t = t.restart(['alarm_000000000000'])
    expect(t.store.witness.contradictions()).toHaveLength(1)
    t = t.restart([found!.id])
    await begin()
    expect(await look()).toMatchObject({
      chains: [{ size: 4 }],
      contradictions: [],
      losses: [{ chain: 'node-1', why: 'explained' }],
    })
    expect(t.log.lines.map(({ event }) => event)).toContain('witness.explained')
    // The same lie again is a new alarm.
    chain.entries.pop()
    expect((await look()).contradictions).toMatchObject([{ kind: 'truncated', keptSize: 4 }])
  })
  it('fills no store where it lies differently each time', async () => {
    await begin()
    for (let lie = 0; lie < 210; lie++) {
      chain.entries = [`lie ${lie}`]
      t.store.witness.addContradiction({
        id: `alarm_${String(lie).padStart(12, '0')}`,
        chain: 'node-1',
        kind: 'truncated',
        kept: null,
        seen: null,
        keptSize: 5,
        seenSize: 1,
        foundAt: lie,
        reportedAt: null,
      })
    }
    expect(t.store.witness.contradictions()).toHaveLength(210)
    await look()
    expect(t.store.witness.contradictions()).toHaveLength(210)
  })
  it('lets no chain that fails keep the others from being looked at', async () => {
    const other = new FakeChain('node-0', 2)
    views = () => [other.view(), chain.view()]
    await begin()
    other.append(1)
    chain.append(1)
    const { proveConsistency } = t.remote.handlers
    t.remote.handlers.proveConsistency = (input, options) => {
      if (input.params.chain === 'node-0') throw new AppError('DATABASE_BUSY')
      return proveConsistency!(input, options)
    }
    expect(await look()).toMatchObject({ failure: 'DATABASE_BUSY', chains: [{ size: 2 }, { size: 6 }] })
  })
  it('is told once the server can be told', async () => {
    await begin()
    t.remote.handlers.reportContradiction = () => {
      throw new AppError('NETWORK_OFFLINE')
    }
    chain.entries.pop()
    expect((await look()).contradictions).toMatchObject([{ reported: false }])
    serve()
    expect((await look()).contradictions).toMatchObject([{ reported: true }])
    expect(reported).toHaveLength(1)
  })
  it('neither keeps nor cosigns what it gives no proof of, and says so', async () => {
    await begin()
    chain.append(4)
    t.remote.handlers.proveConsistency = () => {
      throw new AppError('AUDIT_PROOF_UNAVAILABLE')
    }
    expect(await look()).toMatchObject({ chains: [{ size: 5, unproved: { why: 'none' } }], contradictions: [] })
    expect(cosigned).toHaveLength(1)
    serve()
    expect(await look()).toMatchObject({ chains: [{ size: 9, unproved: null }] })
  })
  it.each([
    ['too long', (hashes: string[]) => [...hashes, hashes[0]!]],
    ['too short', (hashes: string[]) => hashes.slice(1)],
    ['empty', () => []],
  ])('refuses a proof that is %s', async (_what, change) => {
    await begin()
    chain.append(6)
    t.remote.handlers.proveConsistency = ({ params, query }) => ({
      chain: params.chain,
      ...query,
      hashes: change(chain.prove(query.from, query.to)),
    })
    expect((await look()).contradictions).toMatchObject([{ kind: 'rewritten' }])
    expect(sizes()).toEqual([5])
  })
})

describe('when the desk was away longer than entries are kept', () => {
  const doubt = async () => (await look()).chains[0]?.unproved ?? null
  /** A server that cleaned: it proves nothing from within what is gone, or from nowhere once it says so. */
  const clean = (cut: number) => {
    const { proveConsistency } = t.remote.handlers
    t.remote.handlers.proveConsistency = (input, options) => {
      if (input.query.from < cut) throw new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'removed' })
      return proveConsistency!(input, options)
    }
  }
  /** Kept at 5, cleaned to 8, grown to 12. */
  const away = async () => {
    await begin()
    chain.append(7)
    clean(8)
  }

  it('goes on where the server can still prove it', async () => {
    await begin()
    chain.append(7)
    clean(5)
    expect(await look()).toMatchObject({ chains: [{ size: 12, unproved: null }], losses: [] })
  })
  it('calls it no contradiction, keeps what it saw, signs nothing newer, still issues, and gives a number to quote', async () => {
    await away()
    const state = await look()
    expect(state).toMatchObject({ contradictions: [], failure: null, losses: [] })
    expect(state.chains).toMatchObject([{ size: 5, unproved: { why: 'removed' } }])
    expect(state.chains[0]?.unproved?.id).toMatch(/^doubt_[0-9a-f]{12}$/)
    expect(sizes()).toEqual([5])
    expect(cosigned.map(({ body }) => body.size)).toEqual([5])
    expect(reported).toEqual([])
    await expect(t.desk.handlers['enrolments.personalise'](CARD)).rejects.toMatchObject({ code: 'CARD_NOT_PRESENT' })
    const [check] = (await t.desk.handlers['diagnostics.checks']({})).filter(({ name }) => name === 'witness')
    expect(check).toMatchObject({ state: 'warning' })
    expect(check?.detail).toContain(`no proof since cleaning: node-1, ${state.chains[0]?.unproved?.id ?? ''}`)
  })
  it('has the same number after a restart and as the chain grows', async () => {
    await away()
    const first = await doubt()
    t = t.restart()
    await begin()
    chain.append(3)
    expect(await doubt()).toEqual(first)
  })
  it('begins anew by that number in the configuration of the machine, says so, and signs again', async () => {
    await away()
    const { id } = (await doubt())!
    t = t.restart(['doubt_000000000000'])
    expect(sizes()).toEqual([5])
    t = t.restart([id])
    expect(sizes()).toEqual([])
    expect(t.log.lines.map(({ event }) => event)).toContain('witness.explained')
    await begin()
    expect(await look()).toMatchObject({
      chains: [{ size: 12, unproved: null }],
      contradictions: [],
      losses: [{ chain: 'node-1', why: 'explained' }],
    })
    expect(cosigned.map(({ body }) => body.size)).toEqual([5, 12])
    chain.entries.pop()
    expect((await look()).contradictions).toMatchObject([{ kind: 'truncated', keptSize: 12 }])
  })
  it('forgets by one number only once: a server that goes back to the same checkpoint is caught', async () => {
    await away()
    const { id } = (await doubt())!
    t = t.restart([id])
    const all = chain.entries
    chain.entries = all.slice(0, 5)
    await begin()
    expect(sizes()).toEqual([5])
    t = t.restart([id])
    expect(sizes()).toEqual([5])
    chain.entries = all.slice(0, 4)
    await begin()
    expect((await look()).contradictions).toMatchObject([{ kind: 'truncated' }])
  })
  it('does not begin anew over an alarm that nobody explained', async () => {
    await away()
    const { id } = (await doubt())!
    chain.entries = chain.entries.slice(0, 3)
    expect((await look()).contradictions).toMatchObject([{ kind: 'truncated' }])
    t = t.restart([id])
    expect(sizes()).toEqual([5])
    expect(t.store.witness.contradictions()).toHaveLength(1)
  })
})

describe('when the desk dies in the middle', () => {
  it('has kept and cosigned nothing where it dies between verifying and keeping', async () => {
    await begin()
    chain.append(4)
    t.store.witness.keep = () => {
      throw new Error('killed')
    }
    expect((await look()).failure).toBe('INTERNAL')
    t = t.restart()
    expect(sizes()).toEqual([5])
    expect(cosigned).toHaveLength(1)
    await begin()
    expect(sizes()).toEqual([9])
    expect(cosigned.map(({ body }) => body.size)).toEqual([5, 9])
  })
  it('cosigns at the next look where it dies between keeping and cosigning, with the same key', async () => {
    await begin()
    chain.append(4)
    t.remote.handlers.cosignCheckpoint = () => {
      throw new AppError('NETWORK_OFFLINE')
    }
    expect((await look()).chains).toMatchObject([{ size: 9, cosignedAt: null }])
    t = t.restart()
    serve()
    await begin()
    expect((await look()).chains[0]?.cosignedAt).not.toBeNull()
    expect(cosigned.map(({ body }) => body.size)).toEqual([5, 9])
    expect(new Set(cosigned.map(({ body }) => body.vkey)).size).toBe(1)
  })
  it('still catches a rollback after a restart', async () => {
    await begin()
    t = t.restart()
    chain.entries.pop()
    await begin()
    expect(t.store.witness.contradictions()).toMatchObject([{ kind: 'truncated' }])
  })
  it('does not keep over another checkpoint than the one it proved against', async () => {
    await begin()
    const [before] = t.store.witness.checkpoints()
    expect(t.store.witness.keep({ ...before!, size: 9 }, { ...before!, size: 4 })).toBe(false)
    expect(t.store.witness.keep({ ...before!, size: 9 }, null)).toBe(false)
    expect(sizes()).toEqual([5])
  })
})

describe('when the memory of the desk is gone', () => {
  const losses = async () => (await t.desk.handlers['witness.state']({})).losses
  const breakRow = (sql: string) => {
    t.store.close()
    const db = new Database(join(t.folder, 'desk.sqlite'))
    db.exec(sql)
    db.close()
    t = t.restart()
  }

  it('says so where the store was damaged and begun anew, and not where the desk is new', async () => {
    await begin()
    expect(await losses()).toEqual([])
    t.store.close()
    writeFileSync(join(t.folder, 'desk.sqlite'), 'not a database, and nothing like one')
    t = t.restart()
    chain.entries.pop()
    await begin()
    expect(sizes()).toEqual([4])
    expect(await losses()).toMatchObject([{ chain: 'node-1', why: 'store-replaced' }])
    expect(t.log.lines.map(({ event }) => event)).toContain('witness.memory-lost')
    t = t.restart()
    expect(await losses()).toMatchObject([{ why: 'store-replaced' }])
  })
  it.each([
    ['size', 'UPDATE checkpoint SET size = 2'],
    ['note', 'UPDATE checkpoint SET note = zeroblob(200)'],
    ['chain', "UPDATE checkpoint SET chain = 'node-0'"],
  ])('notices a kept checkpoint with another %s, and says that it trusts anew', async (_what, sql) => {
    await begin()
    breakRow(sql)
    await begin()
    expect(await losses()).toMatchObject([{ why: 'row-damaged' }])
    expect(t.log.lines.map(({ event }) => event)).toContain('witness.checkpoint-unreadable')
    expect(sizes()).toEqual([5])
  })
  it('says so where the server knows another key of this station', async () => {
    await begin()
    breakRow('DELETE FROM witness_key; DELETE FROM checkpoint')
    t.remote.handlers.cosignCheckpoint = () => {
      throw new AppError('AUDIT_WITNESS_KEY_CHANGED')
    }
    await begin()
    expect(await losses()).toMatchObject([{ chain: null, why: 'key-refused' }])
    expect(await look()).toMatchObject({ keyRefused: true, contradictions: [], chains: [{ cosignedAt: null }] })
    const [check] = (await t.desk.handlers['diagnostics.checks']({})).filter(({ name }) => name === 'witness')
    expect(check).toMatchObject({ state: 'warning' })
    expect(check?.detail).toContain('signatures refused: the server knows this station by another witness key')
    expect((await t.desk.handlers['diagnostics.report']({})).text).toContain('signatures refused')
    serve()
    expect(await look()).toMatchObject({ keyRefused: false, chains: [{ cosignedAt: expect.any(Number) as number }] })
  })
  it('has nothing of its key on disk', async () => {
    await begin()
    const key = t.store.witness.readKey()
    expect(key).not.toBeNull()
    const db = new Database(join(t.folder, 'desk.sqlite'), { readonly: true })
    const sealed = db.prepare('SELECT sealed FROM witness_key').pluck().get() as Buffer
    db.close()
    expect(sealed.includes(Buffer.from(key!).subarray(-32))).toBe(false)
  })
})
