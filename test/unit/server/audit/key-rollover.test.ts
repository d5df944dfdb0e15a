import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isChainKeyLabel, KeyRollover, planRollover, takeNextKey } from '../../../../server/audit/key-rollover.ts'
import type { ChainKeyStore, RolloverBody } from '../../../../server/audit/key-rollover.ts'
import type { AuditSigner } from '../../../../server/audit/ports.ts'
import { keyIdOf } from '../../../../shared/audit/crypto.ts'
import { CHAIN, newSigner, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

/** Keys in memory. */
const newKeys = (...there: readonly AuditSigner[]): ChainKeyStore & { readonly made: string[] } => {
  const held = new Map(there.map((key) => [key.label, key]))
  const made: string[] = []
  return {
    made,
    has: (label) => Promise.resolve(held.has(label)),
    signer: (label) => Promise.resolve(held.get(label) as AuditSigner),
    generate: (label) => {
      made.push(label)
      held.set(label, newSigner(label))
      return Promise.resolve(held.get(label) as AuditSigner)
    },
  }
}
const idOf = (key: AuditSigner): string => keyIdOf(key.publicKeySpki())

describe('labels of chain keys', () => {
  it.each([
    ['audit.chain', true],
    ['audit.chain.2', true],
    ['audit.chain.10', true],
    ['audit.chain.0', false],
    ['audit.chain.02', false],
    ['audit.chain.', false],
    ['audit.chain.x', false],
    ['audit.chain.1234567890', false],
    ['audit.note', false],
    ['ca.root', false],
    ['', false],
  ])('%s: %s', (label, expected) => {
    expect(isChainKeyLabel(label)).toBe(expected)
  })
})

describe('the next key of a chain', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await openBench({ signer: newSigner('audit.chain') })
  })
  afterEach(() => bench.close())
  const db = () => bench.databases.audit.db
  const order = (more: Partial<RolloverBody> = {}): RolloverBody => ({
    chain: CHAIN,
    from: idOf(bench.signer),
    label: 'audit.chain.2',
    certificate: null,
    ...more,
  })
  const adopted: string[] = []
  const run = (keys: ChainKeyStore, body: RolloverBody): Promise<void> => {
    adopted.length = 0
    const adopt = (key: AuditSigner): Promise<void> => {
      adopted.push(key.label)
      return Promise.resolve()
    }
    const { databases, sequencer } = bench
    const rollover = new KeyRollover({ audit: databases.audit, chain: CHAIN, keys, sequencer, adopt })
    const job = { id: 'job_1', kind: 'audit-key-rollover', attempt: 1, schedule: null, requestedBy: null } as const
    const signal = new AbortController().signal
    return rollover.handler().run({ ...job, body, signal })
  }

  it('is above every number the chain knows, also where a cut took the keys between', async () => {
    expect(await planRollover(db(), CHAIN)).toMatchObject({ inForce: { label: 'audit.chain' }, next: 'audit.chain.2' })
    await bench.sequencer.rollTo(newSigner('audit.chain.7'))
    expect(await planRollover(db(), CHAIN)).toMatchObject({
      inForce: { label: 'audit.chain.7' },
      next: 'audit.chain.8',
    })
    await db().deleteFrom('audit_key').where('label', '=', 'audit.chain').execute()
    expect((await planRollover(db(), CHAIN))?.next).toBe('audit.chain.8')
    expect(await planRollover(db(), 'none')).toBeNull()
  })

  it('is made where it is not there, used where it is, and never one the chain had', async () => {
    const at = { chain: CHAIN, label: 'audit.chain.2' }
    const ready = newKeys(newSigner('audit.chain.2'))
    await takeNextKey(db(), ready, { ...at, mayMake: true })
    expect(ready.made).toEqual([])
    const empty = newKeys()
    await expect(takeNextKey(db(), empty, { ...at, mayMake: false })).rejects.toMatchObject({
      code: 'HSM_KEY_NOT_FOUND',
    })
    await takeNextKey(db(), empty, { ...at, mayMake: true })
    expect(empty.made).toEqual(['audit.chain.2'])
    const old = newKeys({ ...bench.signer, label: 'audit.chain.2' })
    await expect(takeNextKey(db(), old, { ...at, mayMake: true })).rejects.toMatchObject({ code: 'REQUEST_CONFLICT' })
  })

  it('comes into force by the job, which changes nothing when it is run again', async () => {
    const keys = newKeys(bench.signer)
    for (const made of [1, 1, 1]) {
      await run(keys, order())
      expect(keys.made).toHaveLength(made)
      expect(adopted).toEqual(['audit.chain.2'])
    }
    expect((await planRollover(db(), CHAIN))?.inForce.label).toBe('audit.chain.2')
    expect(await bench.verify('full')).toMatchObject({ ok: true })
  })

  it.each<readonly [string, Partial<RolloverBody>, string]>([
    ['a key made for something else', { label: 'ca.root' }, 'REQUEST_INVALID'],
    ['a label that is not the next', { label: 'audit.chain.5' }, 'REQUEST_CONFLICT'],
    ['from another key than the one in force', { from: 'x' }, 'REQUEST_CONFLICT'],
    ['the chain of another node', { chain: 'node-2' }, 'INTERNAL'],
    ['a certificate for a key that is not there', { certificate: 'AA==' }, 'HSM_KEY_NOT_FOUND'],
  ])('is not %s', async (_what, more, code) => {
    const keys = newKeys(bench.signer, newSigner('ca.root'))
    await expect(run(keys, order(more))).rejects.toMatchObject({ code })
    expect(adopted).toEqual([])
    expect(keys.made).toEqual([])
    expect((await planRollover(db(), CHAIN))?.inForce.label).toBe('audit.chain')
  })

  it('takes no certificate of another key', async () => {
    const keys = newKeys(bench.signer, newSigner('audit.chain.2'))
    await expect(run(keys, order({ certificate: 'AA==' }))).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    expect((await planRollover(db(), CHAIN))?.inForce.label).toBe('audit.chain')
  })
})
