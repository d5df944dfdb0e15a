import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyInParallel } from '../../../../shared/audit/parallel.ts'
import type { StoredChain, StoredEntry } from '../../../../shared/audit/stored.ts'
import type { Verdict } from '../../../../shared/audit/verdict.ts'
import { prepareCut, verifyChain } from '../../../../shared/audit/verification.ts'
import type { VerificationOptions } from '../../../../shared/audit/verification.ts'
import { MemoryChain, checkpointsOf, poolOver } from './memory-chain.ts'

/** Epochs, a roll-over, a stretch signed by the key store, erased payloads, checkpoints: everything a chain may hold. */
const make = (): MemoryChain => {
  const chain = new MemoryChain()
  const some = (count: number): void => {
    for (let made = 0; made < count; made += 1) chain.append()
  }
  some(3)
  chain.openEpoch()
  some(9)
  chain.checkpoint()
  some(4)
  chain.openEpoch()
  some(11)
  chain.rollOver()
  some(5)
  chain.checkpoint()
  chain.openEpoch()
  some(7)
  for (const sequence of [5, 6, 7, 20, 31]) chain.erase(sequence)
  chain.bury(5, 7)
  chain.bury(20)
  some(6)
  chain.bury(31)
  some(8)
  chain.checkpoint()
  return chain
}

let chain: MemoryChain
let options: Omit<VerificationOptions, 'mode'>
beforeAll(() => {
  chain = make()
  options = { trustedKeyIds: chain.trustedKeyIds }
})

/** Both ways, which must not differ in anything. */
const verify = async (
  stored: StoredChain,
  mode: 'full' | 'quick',
  segment = 8,
  more: Partial<VerificationOptions> = {},
): Promise<Verdict> => {
  const inOrder = await verifyChain(stored, { ...options, mode, ...more })
  const pool = poolOver(stored)
  expect(await verifyInParallel(stored, { ...options, mode, ...more, pool, segment })).toEqual(inOrder)
  return inOrder
}

describe.each(['full', 'quick'] as const)('verified by segments: %s', (mode) => {
  it.each([1, 2, 4, 8, 16, 64, 2048])('a sound chain passes, in segments of %i', async (segment) => {
    expect(await verify(chain.stored(), mode, segment)).toMatchObject({ ok: true, from: 0, payloadsErased: 5 })
  })

  it('has the verdict of the walk in order, whatever is changed, removed, doubled or moved', async () => {
    const { rows, checkpoints, keys } = chain
    const place = fc.nat(rows.length - 1)
    const change = fc.oneof(
      fc.record({ kind: fc.constant('bytes' as const), place, bit: fc.nat(4000) }),
      fc.record({ kind: fc.constant('signature' as const), place, bit: fc.nat(500) }),
      fc.record({ kind: fc.constant('payload' as const), place, bit: fc.nat(400) }),
      fc.record({ kind: fc.constant('mark' as const), place, mark: fc.nat(3) }),
      fc.record({ kind: fc.constantFrom('delete' as const, 'double' as const, 'column' as const), place }),
      fc.record({ kind: fc.constant('swap' as const), place, other: place }),
      fc.record({ kind: fc.constant('head' as const), place }),
      fc.record({ kind: fc.constant('checkpoint' as const), which: fc.nat(checkpoints.length - 1), bit: fc.nat(900) }),
      fc.record({ kind: fc.constant('key' as const), which: fc.nat(keys.length - 1), bit: fc.nat(500) }),
    )
    await fc.assert(
      fc.asyncProperty(change, fc.constantFrom(4, 8, 32), async (made, segment) => {
        const verdict = await verify(tamper(chain, made), mode, segment)
        const isNothing = made.kind === 'swap' && made.place === made.other
        const isWhole = made.kind === 'head' && made.place === rows.length - 1
        const isUnmarked = made.kind === 'mark' && rows[made.place]?.payloads[0]?.bytes !== null
        const isErased = made.kind === 'payload' && rows[made.place]?.payloads[0]?.bytes === null
        expect({ made, ok: verdict.ok }).toEqual({ made, ok: isNothing || isWhole || isErased || isUnmarked })
      }),
      { numRuns: 100 },
    )
  }, 90_000)

  it('compares a head a witness saw', async () => {
    const [seen, other] = [chain.rows[20], chain.rows[21]]
    if (!seen || !other) throw new Error('too short')
    const { sequence, signature } = seen
    expect(await verify(chain.stored(), mode, 8, { witnessed: { sequence, signature } })).toMatchObject({ ok: true })
    const forked = { sequence, signature: other.signature }
    expect(await verify(chain.stored(), mode, 8, { witnessed: forked })).toMatchObject({ kind: 'forked', sequence })
    const longer = { sequence: 900, signature }
    expect(await verify(chain.stored(), mode, 8, { witnessed: longer })).toMatchObject({ kind: 'truncated' })
  })
})

type RowChange =
  | { readonly kind: 'bytes' | 'signature' | 'payload'; readonly place: number; readonly bit: number }
  | { readonly kind: 'mark'; readonly place: number; readonly mark: number }
  | { readonly kind: 'delete' | 'double' | 'column' | 'head'; readonly place: number }
  | { readonly kind: 'swap'; readonly place: number; readonly other: number }
type Change =
  | RowChange
  | { readonly kind: 'checkpoint'; readonly which: number; readonly bit: number }
  | { readonly kind: 'key'; readonly which: number; readonly bit: number }

const turn = (bytes: Uint8Array, bit: number): Uint8Array => {
  const turned = Uint8Array.from(bytes)
  const at = bit % (bytes.length * 8)
  turned[at >> 3] = (turned[at >> 3] ?? 0) ^ (1 << (at & 7))
  return turned
}

const tamper = ({ rows, checkpoints, keys }: MemoryChain, change: Change): StoredChain => {
  if (change.kind === 'checkpoint') {
    const found = checkpoints[change.which]
    if (!found) throw new Error('no checkpoint')
    const note = Buffer.from(turn(Buffer.from(found.note), change.bit)).toString('utf8')
    return chain.stored({ checkpoints: checkpointsOf(checkpoints.with(change.which, { ...found, note })) })
  }
  if (change.kind === 'key') {
    const found = keys[change.which]
    if (!found) throw new Error('no key')
    return chain.stored({ keys: keys.with(change.which, { ...found, statement: turn(found.statement, change.bit) }) })
  }
  return tamperRow(rows, change)
}

const tamperRow = (rows: readonly StoredEntry[], change: RowChange): StoredChain => {
  const give = (changed: readonly StoredEntry[]): StoredChain => chain.stored({ rows: changed })
  const row = rows[change.place]
  if (!row) throw new Error('no row')
  const put = (more: Partial<StoredEntry>): StoredChain => give(rows.with(change.place, { ...row, ...more }))
  switch (change.kind) {
    case 'bytes':
      return put({ bytes: turn(row.bytes, change.bit) })
    case 'signature':
      return put({ signature: turn(row.signature, change.bit) })
    case 'payload': {
      const payloads = row.payloads.map((each) => ({ ...each, bytes: each.bytes && turn(each.bytes, change.bit) }))
      return put({ payloads })
    }
    case 'mark': {
      const [payload] = row.payloads
      if (payload?.bytes !== null) return chain.stored()
      const forged = [{ erasedAt: 2 }, { erasedBy: 'another' }, { erasedRule: 'another' }, { salt: Uint8Array.of(1) }]
      return put({ payloads: [{ ...payload, ...forged[change.mark] }] })
    }
    case 'column':
      return put({ tenant: 'another' })
    case 'delete':
      return give(rows.toSpliced(change.place, 1))
    case 'double':
      return give(rows.toSpliced(change.place, 0, row))
    case 'head':
      return chain.stored({ head: { sequence: row.sequence, signature: row.signature, frontier: null } })
    default: {
      const other = rows[change.other]
      if (!other) throw new Error('no row')
      const left = { ...other, sequence: row.sequence }
      const right = { ...row, sequence: other.sequence }
      return give(rows.with(change.place, left).with(change.other, right))
    }
  }
}

describe.each(['full', 'quick'] as const)('a chain that was cut, verified %s', (mode) => {
  const cut = async (size: number): Promise<MemoryChain> => {
    const made = make()
    options = { trustedKeyIds: made.trustedKeyIds }
    made.cutAt(await prepareCut(made.stored(), size, options))
    made.append()
    return made
  }

  it.each([1, 4, 13, 14, 18, 30, 31, 38, 50])('passes, cut at %i', async (size) => {
    const made = await cut(size)
    expect(await verify(made.stored(), mode)).toMatchObject({ ok: true, from: size })
  })

  it('can be cut again, and an older cut put back is found', async () => {
    const made = await cut(14)
    const older = made.cut
    made.cutAt(await prepareCut(made.stored(), 40, options))
    made.append()
    expect(await verify(made.stored(), mode)).toMatchObject({ ok: true, from: 40 })
    expect(await verify(made.stored({ cut: older }), mode)).toMatchObject({ ok: false, sequence: 14 })
  })

  it('is not cut behind its end, before its beginning, or where it is not whole', async () => {
    const made = await cut(14)
    for (const size of [0, 14, 1000]) {
      await expect(prepareCut(made.stored(), size, options)).rejects.toMatchObject({ detail: { reason: 'cut-size' } })
    }
    const broken = made.stored({ rows: made.rows.toSpliced(5, 1) })
    await expect(prepareCut(broken, 30, options)).rejects.toMatchObject({ code: 'CHAIN_CONFLICT' })
  })

  it.each<[string, (made: MemoryChain) => Partial<StoredChain>, string, number]>([
    ['no record', () => ({ cut: null }), 'deleted', 0],
    ['another size', ({ cut: old }) => ({ cut: old && { ...old, size: 13 } }), 'altered', 13],
    [
      'one bit of the statement',
      ({ cut: old }) => ({ cut: old && { ...old, statement: turn(old.statement, 99) } }),
      'altered',
      14,
    ],
    [
      'one bit of the signature',
      ({ cut: old }) => ({ cut: old && { ...old, signature: turn(old.signature, 99) } }),
      'altered',
      14,
    ],
    ['no signature', ({ cut: old }) => ({ cut: old && { ...old, signature: new Uint8Array() } }), 'altered', 14],
    ['a note where there was none', ({ cut: old }) => ({ cut: old && { ...old, note: 'x' } }), 'altered', 14],
    ['a key it keeps gone', ({ keys }) => ({ keys: keys.slice(1) }), 'unknown-key', 14],
    ['a row before it', () => ({ findStray: () => Promise.resolve({ table: 'entry', sequence: 3 }) }), 'inserted', 3],
  ])('is refused with %s', async (_, change, kind, sequence) => {
    const made = await cut(14)
    expect(await verify(made.stored(change(made)), mode)).toMatchObject({ ok: false, kind, sequence })
  })

  it('keeps the checkpoint it was cut at, and is refused without it', async () => {
    const made = await cut(14)
    expect(made.cut?.note).not.toBeNull()
    const bare = made.cut && { ...made.cut, note: null }
    expect(await verify(made.stored({ cut: bare }), mode)).toMatchObject({ kind: 'altered', what: 'cut.note' })
    const other = made.checkpoints.at(-1)?.note ?? ''
    const wrong = made.cut && { ...made.cut, note: other }
    expect(await verify(made.stored({ cut: wrong }), mode)).toMatchObject({ kind: 'altered', what: 'cut.note' })
    expect(await verify(made.stored({ noteKeys: [] }), mode)).toMatchObject({ kind: 'unknown-key', what: 'cut.note' })
  })

  it('is refused when nothing in the chain announces the cut', async () => {
    const made = make()
    options = { trustedKeyIds: made.trustedKeyIds }
    made.cutAt(await prepareCut(made.stored(), 14, options), false)
    expect(await verify(made.stored(), mode)).toMatchObject({ ok: false, kind: 'inserted', what: 'cut', sequence: 14 })
  })

  it('is refused by whoever trusts another key', async () => {
    const made = await cut(14)
    options = { trustedKeyIds: ['another'] }
    expect(await verify(made.stored(), mode)).toMatchObject({ ok: false, kind: 'unknown-key' })
  })
})
