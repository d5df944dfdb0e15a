import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { inTransaction } from '../../../../server/db/transaction.ts'
import { recordIntent } from '../../../../server/audit/intent.ts'
import type { AuditIntent } from '../../../../server/audit/intent.ts'
import { FAULT_POINTS } from '../../../../server/audit/faults.ts'
import type { FaultPoint } from '../../../../server/audit/faults.ts'
import { Sequencer } from '../../../../server/audit/sequencer.ts'
import { CHAIN, newIntent, newSigner, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

let bench: Bench
afterEach(() => bench.close())

const entries = async () =>
  bench.databases.audit.db
    .selectFrom('entry')
    .innerJoin('word', 'word.id', 'entry.object_type')
    .select(['sequence', 'intent_id', 'word.text as object_type', 'key_id'])
    .orderBy('sequence')
    .execute()

const own = async () => (await entries()).filter((row) => row.object_type !== 'audit-key')
const pending = () => bench.databases.operational.db.selectFrom('audit_intent').select('id').execute()

describe('when many write at once', () => {
  it('64 writers never fork the chain, each settles, entries stand in order of writing', async () => {
    bench = await openBench()
    const written: string[] = []
    const writers = Array.from({ length: 64 }, async (_, writer) => {
      for (let round = 0; round < 5; round += 1) {
        const intent = newIntent({ object: { type: 'holder', id: `holder-${writer}-${round}` } })
        await inTransaction(bench.databases.operational.db, async (trx) => {
          await recordIntent(trx, intent)
          written.push(intent.id)
        })
        await bench.sequencer.settle([intent.id])
        const found = await bench.databases.audit.db
          .selectFrom('entry')
          .select('sequence')
          .where('intent_id', '=', intent.id)
          .execute()
        expect(found).toHaveLength(1)
      }
    })
    await Promise.all(writers)
    expect((await own()).map((row) => row.intent_id)).toEqual(written)
    expect(await pending()).toEqual([])
    expect(await bench.verify('full')).toMatchObject({ ok: true, entries: 322 })
    expect(await bench.verify('quick')).toMatchObject({ ok: true, entries: 322 })
  })

  it('takes intents from their writers and from the database, each once, whoever comes first', async () => {
    bench = await openBench({ batch: 7 })
    const writers = Array.from({ length: 48 }, async (_, writer) => {
      for (let round = 0; round < 6; round += 1) {
        const intent = newIntent({ object: { type: 'holder', id: `holder-${writer}-${round}` } })
        await bench.record([intent])
        if (writer % 5 === 0) await new Promise((resolve) => setTimeout(resolve, round))
        await bench.sequencer.settle([intent.id], writer % 3 === 0 ? [] : [intent])
        if (writer % 4 === 0) await bench.sequencer.settle([intent.id], [])
      }
    })
    await Promise.all(writers)
    expect(new Set((await own()).map((row) => row.intent_id)).size).toBe(48 * 6)
    expect(await own()).toHaveLength(48 * 6)
    expect(await pending()).toEqual([])
    expect(bench.sequencer.state()).toMatchObject({ state: 'running', waiting: 0 })
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it('settles intents of one transaction together and knows those that are entries already', async () => {
    bench = await openBench()
    const intents = [newIntent(), newIntent(), newIntent()]
    await bench.write(intents)
    await bench.sequencer.settle([...intents, ...intents].map((intent) => intent.id))
    await expect(bench.sequencer.settle(['never-recorded'])).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await own()).toHaveLength(3)
  })
})

describe('when what changes nothing is appended', () => {
  it('64 writers, some with changes, some without, each once and durable when told', async () => {
    bench = await openBench({ batch: 40, epochEntries: 50 })
    const writers = Array.from({ length: 64 }, async (_, writer) => {
      for (let round = 0; round < 6; round += 1) {
        const intent = newIntent({
          object: { type: 'route', id: `route-${writer}-${round}` },
          after: { writer, round },
        })
        if (writer % 3 === 0) await bench.sequencer.append([intent, newIntent()])
        else {
          await bench.record([intent])
          await bench.sequencer.settle([intent.id], writer % 3 === 1 ? [intent] : [])
        }
        const stored = bench.databases.audit.db.selectFrom('entry').select('sequence')
        expect(await stored.where('intent_id', '=', intent.id).execute()).toHaveLength(1)
      }
    })
    await Promise.all(writers)
    expect(await own()).toHaveLength(64 * 6 + 22 * 6)
    expect(await pending()).toEqual([])
    expect(bench.sequencer.state()).toMatchObject({ state: 'running', waiting: 0 })
    for (const mode of ['full', 'quick'] as const) expect(await bench.verify(mode)).toMatchObject({ ok: true })
  })

  it('signs what was given, whatever becomes of it afterwards', async () => {
    bench = await openBench()
    const after = { name: 'Anna' }
    const intent = newIntent({ after })
    const appended = bench.sequencer.append([intent])
    after.name = 'Berta'
    await appended
    const { bytes } = await bench.databases.audit.db
      .selectFrom('payload')
      .select('bytes')
      .orderBy('sequence', 'desc')
      .executeTakeFirstOrThrow()
    expect(Buffer.from(bytes ?? []).toString()).toContain('Anna')
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it.each<[string, Partial<AuditIntent>, string]>([
    ['a secret', { after: { pin: '1234' } }, 'secret-in-audit'],
    ['no name of a tenant', { tenant: '' }, 'intent-invalid'],
    ['a key of the chain', { action: 'KeyUse', object: { type: 'audit-key', id: 'x' } }, 'intent-reserved'],
  ])('refuses %s, and writes nothing', async (_, more, reason) => {
    bench = await openBench()
    await expect(bench.sequencer.append([newIntent(), newIntent(more)])).rejects.toMatchObject({
      code: 'INTERNAL',
      detail: { reason },
    })
    expect(await own()).toEqual([])
  })

  it.each(FAULT_POINTS)('says so when a write fails at %s; recorded afterwards it is an entry once', async (point) => {
    let left = 0
    const faults = (at: FaultPoint): Promise<void> => {
      if (at !== point || left === 0) return Promise.resolve()
      left -= 1
      return Promise.reject(new Error(`planned fault ${at}`))
    }
    bench = await openBench({ faults })
    await bench.write([newIntent()])
    await bench.sequencer.recover()
    left = 1
    const intent = newIntent()
    const appended = bench.sequencer.append([intent])
    // Nothing recorded, nothing to delete.
    if (point === 'after-delete') await appended
    else {
      await expect(appended).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
      await bench.record([intent])
      await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
      await bench.sequencer.settle([intent.id])
    }
    await bench.sequencer.append([newIntent()])
    expect((await own()).filter((row) => row.intent_id === intent.id)).toHaveLength(1)
    expect(await own()).toHaveLength(3)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })
})

describe('when an append fails', () => {
  const isRunning = () => expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')

  /** Fails once at the point, when told to. */
  const openFailing = async (point: FaultPoint, onFailure: () => void = () => undefined) => {
    const failing = { isNext: false }
    const faults = (at: FaultPoint): Promise<void> => {
      if (at !== point || !failing.isNext) return Promise.resolve()
      failing.isNext = false
      onFailure()
      return Promise.reject(new Error(`planned fault ${at}`))
    }
    bench = await openBench({ faults })
    return failing
  }

  it.each(FAULT_POINTS.filter((point) => point !== 'after-delete'))(
    'at %s, the next are written although nobody recorded anything since',
    async (point) => {
      const failing = await openFailing(point)
      await bench.sequencer.append([newIntent()])
      failing.isNext = true
      const failed = newIntent()
      await expect(bench.sequencer.append([failed])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
      await isRunning()
      const next = [newIntent(), newIntent()]
      await Promise.all(next.map((intent) => bench.sequencer.append([intent])))
      const ids = (await own()).map((row) => row.intent_id)
      expect(ids.slice(-2)).toEqual(next.map((intent) => intent.id))
      // Only where the answer to the commit was lost is it there.
      expect(ids.filter((id) => id === failed.id)).toHaveLength(point === 'after-append' ? 1 : 0)
      expect(await bench.verify()).toMatchObject({ ok: true })
    },
  )

  it('nothing is left of those that came between the failure and the stop', async () => {
    const refused: string[] = []
    const written: string[] = []
    const appending: Promise<void>[] = []
    const append = async (intent: AuditIntent): Promise<void> => {
      try {
        await bench.sequencer.append([intent])
        written.push(intent.id)
      } catch (error) {
        expect(error).toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
        refused.push(intent.id)
      }
    }
    // One in each turn of the queue until the chain is stopped, and some after.
    const append40 = async (): Promise<void> => {
      for (let turn = 0; turn < 40; turn += 1) {
        appending.push(append(newIntent()))
        await Promise.resolve()
      }
    }
    const failing = await openFailing('before-append', () => appending.push(append40()))
    await append(newIntent())
    failing.isNext = true
    await append(newIntent())
    for (let done = 0; done < appending.length; done += 1) await appending[done]
    await isRunning()
    for (let round = 0; round < 3; round += 1) await append(newIntent())
    expect([written.length, refused.length]).toEqual([4, 41])
    expect((await own()).map((row) => row.intent_id)).toEqual(written)
    expect(bench.sequencer.state().waiting).toBe(0)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('those that came by append are written after what was left, more than one reading takes', async () => {
    bench = await openBench({ batch: 4 })
    await bench.sequencer.append([newIntent()])
    const left = Array.from({ length: 30 }, () => newIntent())
    await bench.record(left)
    // One reading, and nobody waits for what it left.
    await bench.sequencer.settle([left[0]!.id])
    const appended = Array.from({ length: 5 }, () => newIntent())
    await Promise.all(appended.map((intent) => bench.sequencer.append([intent])))
    const ids = new Set((await own()).map((row) => row.intent_id))
    for (const { id } of [...left, ...appended]) expect(ids.has(id)).toBe(true)
    expect(ids.size).toBe(36)
  })
})

describe('when settle is called inside the transaction of the change', () => {
  it('refuses at once instead of waiting for itself, and the chain goes on', async () => {
    bench = await openBench()
    const intent = newIntent()
    const { db } = bench.databases.operational
    await expect(
      inTransaction(db, async (trx) => {
        await recordIntent(trx, intent)
        await bench.sequencer.settle([intent.id])
      }),
    ).rejects.toMatchObject({ code: 'INTERNAL', detail: { reason: 'db-used-inside-transaction' } })
    await bench.write([intent])
    expect(await own()).toHaveLength(1)
  })
})

describe('when keys change', () => {
  it('opens a new epoch by count, each announced and signed by the root key', async () => {
    bench = await openBench({ epochEntries: 4 })
    await bench.write(Array.from({ length: 10 }, () => newIntent()))
    const rows = await entries()
    expect(rows.map((row) => row.object_type === 'audit-key')).toEqual(
      [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0].map(Boolean),
    )
    for (const mode of ['full', 'quick'] as const)
      expect(await bench.verify(mode)).toMatchObject({ ok: true, entries: 14 })
  })

  it('opens a new epoch by time', async () => {
    let now = 1_700_000_000_000
    bench = await openBench({ epochMs: 1000, now: () => now })
    await bench.write([newIntent()])
    await bench.write([newIntent()])
    now += 1000
    await bench.write([newIntent()])
    expect((await entries()).filter((row) => row.object_type === 'audit-key')).toHaveLength(3)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('signs every entry with the root key in hsm mode', async () => {
    bench = await openBench({ mode: 'hsm' })
    await bench.write([newIntent(), newIntent()])
    expect(new Set((await entries()).map((row) => row.key_id)).size).toBe(1)
    for (const mode of ['full', 'quick'] as const)
      expect(await bench.verify(mode)).toMatchObject({ ok: true, entries: 3 })
  })

  it('hands the chain to another root key; old entries still verify, trusting either', async () => {
    bench = await openBench()
    await bench.write([newIntent()])
    const next = newSigner('audit-2', 'ed25519')
    await bench.sequencer.rollTo(next)
    await bench.write([newIntent()])
    expect(await bench.verify()).toMatchObject({ ok: true, entries: 6 })
    const reopened = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: next })
    await reopened.start()
    await reopened.close()
    const old = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: bench.signer })
    await expect(old.start()).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE' })
  })

  it.each([
    ['before-commit', false],
    ['after-append', true],
  ] as const)(
    'a roll-over that fails at %s leaves the key that the chain says, and it goes on',
    async (point, isNew) => {
      let isFailing = false
      const faults = (at: FaultPoint): Promise<void> => {
        if (at !== point || !isFailing) return Promise.resolve()
        isFailing = false
        return Promise.reject(new Error(`planned fault ${at}`))
      }
      bench = await openBench({ faults })
      await bench.write([newIntent()])
      const next = newSigner('audit-2', 'ed25519')
      isFailing = true
      await expect(bench.sequencer.rollTo(next)).rejects.toThrow('planned fault')
      await bench.write([newIntent()])
      expect(bench.sequencer.state().state).toBe('running')
      expect(await own()).toHaveLength(2)
      const reopened = new Sequencer({
        ...bench.databases,
        chain: CHAIN,
        mode: 'epoch',
        signer: isNew ? next : bench.signer,
      })
      await reopened.start()
      await reopened.close()
      expect(await bench.verify()).toMatchObject({ ok: true })
    },
  )

  it('refuses to start with a key the chain does not know, or on a chain that is not there', async () => {
    bench = await openBench({}, { start: false })
    const stranger = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: newSigner() })
    await expect(stranger.start()).rejects.toMatchObject({
      code: 'CHAIN_KEY_UNUSABLE',
      detail: { reason: 'key-changed' },
    })
    const lost = new Sequencer({ ...bench.databases, chain: 'node-2', mode: 'epoch', signer: bench.signer })
    await expect(lost.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', detail: { reason: 'chain-missing' } })
  })

  it('stops, loudly, when the key signs wrongly, and writes nothing', async () => {
    const signer = newSigner()
    let isBroken = false
    const broken = {
      ...signer,
      sign: async (data: Uint8Array) => {
        const signature = await signer.sign(data)
        return isBroken ? signature.map((byte) => byte ^ 1) : signature
      },
    }
    const states: string[] = []
    bench = await openBench({ signer: broken, onState: ({ state, reason }) => states.push(`${state} ${reason}`) })
    isBroken = true
    const intent = newIntent()
    await bench.record([intent])
    await expect(bench.sequencer.settle([intent.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    expect(() => bench.sequencer.assertWritable()).toThrow('AUDIT_CHAIN_UNWRITABLE')
    expect(await own()).toEqual([])
    isBroken = false
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    await bench.sequencer.settle([intent.id])
    expect(states).toEqual(['running null', 'stopped CHAIN_KEY_UNUSABLE', 'running null'])
    expect(await own()).toHaveLength(1)
  })
})

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

describe('when a store fails while the next batch is still being signed', () => {
  it.each(['epoch', 'hsm'] as const)('loses that batch alone in mode %s; retry and roll-over wait', async (mode) => {
    const signer = newSigner()
    const open: (() => void)[] = []
    let [isSlow, isFailing, signing, most] = [false, false, 0, 0]
    const sign = async (data: Uint8Array): Promise<Uint8Array> => {
      signing += 1
      most = Math.max(most, signing)
      if (isSlow) await new Promise<void>((resolve) => open.push(resolve))
      signing -= 1
      return signer.sign(data)
    }
    // Fails once the next batch waits for the key store.
    const faults = async (point: FaultPoint): Promise<void> => {
      if (point !== 'before-append' || !isFailing) return
      isFailing = false
      isSlow = true
      await expect.poll(() => open.length).toBeGreaterThan(0)
      throw new Error('disk busy')
    }
    bench = await openBench({ mode, signer: { ...signer, sign }, batch: 4, epochEntries: 6, faults })
    await bench.write([newIntent(), newIntent()])
    isFailing = true
    const intents = Array.from({ length: 12 }, () => newIntent())
    await bench.record(intents)
    const settled = bench.sequencer.settle(intents.map((intent) => intent.id))
    settled.catch(() => undefined)
    await expect.poll(() => open.length).toBeGreaterThan(0)
    const rolled = bench.sequencer.rollTo(newSigner('audit-2'))
    // Longer than the first retries wait: whoever does not wait for the signing is at work by now.
    await pause(50)
    isSlow = false
    for (const go of open) go()
    await expect(settled).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    await rolled
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    await bench.sequencer.settle(intents.map((intent) => intent.id))
    await bench.write([newIntent(), newIntent(), newIntent()])
    expect(most).toBe(1)
    expect((await own()).slice(2, 14).map((row) => row.intent_id)).toEqual(intents.map((intent) => intent.id))
    for (const how of ['full', 'quick'] as const) expect(await bench.verify(how)).toMatchObject({ ok: true })
  })
})

describe('when many write without a pause', () => {
  it('whoever comes without an intent is not kept waiting, nor who waits for nothing', async () => {
    bench = await openBench()
    const load = new AbortController()
    const writer = async (): Promise<void> => {
      while (!load.signal.aborted) {
        const intent = newIntent()
        await bench.record([intent])
        await bench.sequencer.settle([intent.id], [intent])
      }
    }
    const first = newIntent()
    await bench.write([first])
    const writers = Array.from({ length: 64 }, writer)
    await pause(100)
    const late = newIntent()
    await bench.record([late])
    await bench.sequencer.settle([late.id])
    await bench.sequencer.settle([first.id])
    await expect(bench.sequencer.settle(['never-recorded'])).rejects.toMatchObject({ code: 'INTERNAL' })
    load.abort()
    await Promise.all(writers)
    expect((await own()).filter((row) => row.intent_id === late.id)).toHaveLength(1)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('and more is left than one reading takes, what is left stands in order of writing', async () => {
    bench = await openBench({ batch: 8 })
    await bench.write([newIntent()])
    const left = Array.from({ length: 40 }, () => newIntent())
    await bench.record(left)
    const given = newIntent()
    await bench.record([given])
    await bench.sequencer.settle([...left.map((intent) => intent.id), given.id], [given])
    const order = (await own()).slice(1).map((row) => row.intent_id)
    expect(order.filter((id) => id !== given.id)).toEqual(left.map((intent) => intent.id))
    expect(order).toHaveLength(41)
  })
})

describe('when somebody else announces a key', () => {
  const announcement = { action: 'KeyUse', object: { type: 'audit-key', id: 'x' } } as const

  it('refuses the intent before it is written', async () => {
    bench = await openBench()
    await expect(bench.record([newIntent(announcement)])).rejects.toMatchObject({
      code: 'INTERNAL',
      detail: { reason: 'intent-reserved' },
    })
    await bench.record([newIntent({ ...announcement, action: 'AccessDenied' })])
    expect(await pending()).toHaveLength(1)
  })

  it('stops at one forged in the table, says which, and goes on once it is taken out', async () => {
    const told: unknown[] = []
    bench = await openBench({ onState: (_, cause) => told.push(cause) })
    await bench.write([newIntent()])
    const forged = newIntent(announcement)
    const after = newIntent()
    const { db } = bench.databases.operational
    const body = JSON.stringify(forged)
    await db.insertInto('audit_intent').values({ id: forged.id, created_at: 1, body, node: CHAIN }).execute()
    await bench.record([after])
    await expect(bench.sequencer.settle([after.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    expect(told.at(-1)).toMatchObject({ detail: { reason: 'intent-reserved', intent: forged.id } })
    expect(bench.sequencer.state()).toMatchObject({ state: 'stopped' })
    await db.deleteFrom('audit_intent').where('id', '=', forged.id).execute()
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    expect(await own()).toHaveLength(2)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })
})

describe('when a write fails', () => {
  it.each(FAULT_POINTS)('at %s, change and entry come together, exactly once', async (point: FaultPoint) => {
    let left = 0
    const faults = (at: FaultPoint): Promise<void> => {
      if (at !== point || left === 0) return Promise.resolve()
      left -= 1
      return Promise.reject(new Error(`planned fault ${at}`))
    }
    bench = await openBench({ faults })
    await bench.write([newIntent()])
    // The loop's last, empty read is over when this returns: the faults meet the intents below.
    await bench.sequencer.recover()
    left = 2
    const intents = [newIntent(), newIntent(), newIntent()]
    await bench.record(intents)
    const settled = bench.sequencer.settle(intents.map((intent) => intent.id))
    // Once the entries are durable who waits is told, whatever becomes of the intents.
    if (point === 'after-delete') await settled
    else await expect(settled).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    await expect.poll(() => left).toBeLessThan(2)
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    await bench.sequencer.settle(intents.map((intent) => intent.id))
    expect((await own()).slice(1).map((row) => row.intent_id)).toEqual(intents.map((intent) => intent.id))
    expect(await pending()).toEqual([])
    expect(await bench.verify('full')).toMatchObject({ ok: true })
    expect(await bench.verify('quick')).toMatchObject({ ok: true })
  })

  it('two sequencers on one chain: the second is refused by the database and catches up', async () => {
    bench = await openBench()
    const second = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: bench.signer, retryMs: 5 })
    await second.start()
    for (let round = 0; round < 4; round += 1) {
      const intent = newIntent()
      await bench.record([intent])
      const writer = round % 2 === 0 ? bench.sequencer : second
      await writer.settle([intent.id]).catch(async () => {
        await expect.poll(() => writer.state().state, { timeout: 10_000 }).toBe('running')
        await writer.settle([intent.id])
      })
    }
    await second.close()
    expect(await own()).toHaveLength(4)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('refuses an intent whose body was altered in the operational database', async () => {
    bench = await openBench()
    const intent = newIntent()
    await bench.record([intent])
    await bench.databases.operational.db.updateTable('audit_intent').set({ id: 'another' }).execute()
    await expect(bench.sequencer.settle([intent.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    expect(await own()).toEqual([])
  })
})

describe('when an intent could never become an entry', () => {
  it.each<[string, Partial<AuditIntent>]>([
    ['an empty station', { station: '' }],
    ['a long object id', { object: { type: 'holder', id: 'x'.repeat(201) } }],
    ['no correlation', { correlationId: '' }],
    ['a time that is no number', { at: Number.NaN }],
    ['a time in fractions', { at: 1.5 }],
    ['an unknown action', { action: 'Copy' as 'Insertion' }],
    ['a reason that is no text', { reason: 5 as unknown as string }],
    ['a date in the payload', { after: { at: new Date(0) as unknown as string } }],
    ['a lone surrogate', { after: { name: '\ud800' } }],
  ])('refuses %s before the change is committed', async (_, more) => {
    bench = await openBench()
    await expect(bench.record([newIntent(more)])).rejects.toMatchObject({ name: 'AppError' })
    expect(await pending()).toEqual([])
    await bench.write([newIntent()])
    expect(await own()).toHaveLength(1)
  })
})

describe('when the last entry is not the one the head names', () => {
  const harms = [
    [
      'gone',
      `create temp table kept as select * from entry order by id desc limit 1; delete from entry where id = (select id from kept)`,
    ],
    [
      'signed by somebody else',
      `drop trigger entry_fixed; create temp table kept as select * from entry order by id desc limit 1;
       update entry set signature = zeroblob(64) where id = (select id from kept)`,
    ],
  ] as const
  const mend = `insert or replace into entry select * from kept; drop table kept`
  const run = async (statements: string): Promise<void> => {
    for (const one of statements.split(';')) await sql.raw(one).execute(bench.databases.audit.db)
  }

  it.each(harms)('%s: stops at the next change and stays so, until it is there again', async (_, harm) => {
    const told: string[] = []
    bench = await openBench({ onState: ({ state, reason }) => told.push(`${state} ${reason}`) })
    await bench.write([newIntent()])
    told.length = 0
    await run(harm)
    const late = newIntent()
    await bench.record([late])
    await expect(bench.sequencer.settle([late.id])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    await expect.poll(() => bench.sequencer.state().reason, { timeout: 10_000 }).toBe('CHAIN_CONFLICT')
    await new Promise((resolve) => {
      setTimeout(resolve, 150)
    })
    expect(told.filter((one) => one.startsWith('running'))).toEqual([])
    await expect(bench.sequencer.append([newIntent()])).rejects.toMatchObject({ detail: { reason: 'CHAIN_CONFLICT' } })
    await run(mend)
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    expect(await pending()).toEqual([])
    expect((await own()).at(-1)?.intent_id).toBe(late.id)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it.each(harms)('%s: is not written over by a server that starts', async (_, harm) => {
    bench = await openBench()
    await bench.write([newIntent(), newIntent()])
    await bench.sequencer.close()
    await run(harm)
    const next = new Sequencer({ ...bench.databases, chain: CHAIN, mode: 'epoch', signer: bench.signer, retryMs: 5 })
    await next.start()
    expect(next.state()).toMatchObject({ state: 'stopped', reason: 'CHAIN_CONFLICT' })
    await expect(next.append([newIntent()])).rejects.toMatchObject({ code: 'AUDIT_CHAIN_UNWRITABLE' })
    await next.close()
    expect(await bench.verify()).toMatchObject({ ok: false })
  })
})

describe('when the key store is down at the start', () => {
  it('starts stopped, and writes what was waiting once it is back', async () => {
    const signer = newSigner()
    let isDown = false
    const sign = (data: Uint8Array) => (isDown ? Promise.reject(new Error('down')) : signer.sign(data))
    bench = await openBench({ signer: { ...signer, sign } }, { start: false })
    const intent = newIntent()
    await bench.record([intent])
    isDown = true
    await bench.sequencer.start()
    expect(bench.sequencer.state()).toMatchObject({ state: 'stopped', reason: 'CHAIN_KEY_UNUSABLE' })
    isDown = false
    await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
    await bench.sequencer.settle([intent.id])
    expect(await own()).toHaveLength(1)
  })
})

describe('when an intent holds a secret', () => {
  it.each(['pin', 'PUK', 'management_key', 'privateKey', 'new-pin', 'password'])(
    'refuses the field %s',
    async (name) => {
      bench = await openBench()
      const intent = newIntent({ after: { card: [{ [name]: '12345678' }] } })
      await expect(bench.record([intent])).rejects.toMatchObject({
        code: 'INTERNAL',
        detail: { reason: 'secret-in-audit' },
      })
      await bench.record([newIntent({ after: { card: [{ [name]: null }] } })])
      expect(await pending()).toHaveLength(1)
    },
  )
})
