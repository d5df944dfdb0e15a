import { describe, expect, it } from 'vitest'
import {
  signatureAlgorithmFor,
  signatureAlgorithmsOf,
  verifySignature,
  type KeyAlgorithm,
} from '../../../../shared/pki/index.ts'
import type { KeyStore } from '../../../../server/hsm/index.ts'
import { failureOf } from './folders.ts'

const ALGORITHMS: readonly KeyAlgorithm[] = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
]
const data = new TextEncoder().encode('statement')

/** What every key store does; run on each. `reopen` gives a second, independent look at the same keys. */
export function keyStoreSuite(open: () => KeyStore, reopen: () => Promise<KeyStore>): void {
  describe.each(ALGORITHMS)('when a key of %s is made', (algorithm) => {
    const label = `key.${algorithm}`
    it('signs what its public key verifies, also after reopening', async () => {
      const made = await open().generate(label, algorithm)
      expect(made).toMatchObject({ label, algorithm, kind: open().kind })
      const again = await reopen()
      try {
        const read = await again.signer(label)
        expect(read.algorithm).toBe(algorithm)
        expect(read.publicKeySpki()).toEqual(made.publicKeySpki())
        const spki = made.publicKeySpki()
        for (const signer of [made, read]) {
          const signature = await signer.sign(data)
          verifySignature({ algorithm: signatureAlgorithmFor(algorithm), spki, data, signature })
        }
      } finally {
        await again.close()
      }
    })
    it('makes every signature the key is for, and no other', async () => {
      const signer = await open().signer(label)
      expect(signer.signatures).toEqual(signatureAlgorithmsOf(algorithm))
      const spki = signer.publicKeySpki()
      for (const chosen of signer.signatures) {
        verifySignature({ algorithm: chosen, spki, data, signature: await signer.sign(data, chosen) })
      }
      const other = algorithm === 'ed25519' ? 'rsa-pss-sha256' : 'ed25519'
      expect(await failureOf(signer.sign(data, other))).toBe('HSM_ALGORITHM_UNSUPPORTED')
    })
    it('is found by its id', async () => {
      const entry = (await open().list()).find((one) => one.label === label)
      expect(entry).toMatchObject({ algorithm, id: expect.stringMatching(/^([0-9a-f]{2})+$/) })
      const signer = await open().signer(`id:${entry?.id}`)
      expect(signer).toMatchObject({ label: `id:${entry?.id}`, algorithm })
      expect(signer.publicKeySpki()).toEqual(entry?.spki)
      const signature = await signer.sign(data)
      verifySignature({ algorithm: signatureAlgorithmFor(algorithm), spki: signer.publicKeySpki(), data, signature })
    })
    it('refuses the label a second time and keeps the key', async () => {
      const before = (await open().signer(label)).publicKeySpki()
      expect(await failureOf(open().generate(label, algorithm))).toBe('REQUEST_CONFLICT')
      expect((await open().signer(label)).publicKeySpki()).toEqual(before)
    })
  })

  it('signs many at the same time, each its own', async () => {
    const signer = await open().generate('busy', 'ecdsa-p256')
    const spki = signer.publicKeySpki()
    const signed = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => ({
        data: Uint8Array.of(i),
        signature: await signer.sign(Uint8Array.of(i)),
      })),
    )
    for (const one of signed) verifySignature({ algorithm: 'ecdsa-sha256', spki, ...one })
  })

  it('makes one key where the same label is asked for twice at once', async () => {
    const results = await Promise.all([
      failureOf(open().generate('race', 'ecdsa-p256')),
      failureOf(open().generate('race', 'ecdsa-p256')),
    ])
    expect(results.toSorted()).toEqual(['REQUEST_CONFLICT', 'ok'])
    expect(await failureOf(open().signer('race'))).toBe('ok')
  })

  it('knows what it has', async () => {
    await open().generate('here', 'ecdsa-p256')
    expect(await open().has('here')).toBe(true)
    expect(await open().has('not-here')).toBe(false)
    expect(await failureOf(open().signer('not-here'))).toBe('HSM_KEY_NOT_FOUND')
  })

  it('lists keys that sign and keys that seal', async () => {
    await open().generate('listed.one', 'ecdsa-p256')
    await open().ensureWrappingKey('listed.two')
    const listed = (await open().list()).filter(({ label }) => label.startsWith('listed.'))
    expect(listed.map(({ label, algorithm }) => [label, algorithm])).toEqual([
      ['listed.one', 'ecdsa-p256'],
      ['listed.two', 'secret'],
    ])
    expect(listed[0]?.spki).toEqual((await open().signer('listed.one')).publicKeySpki())
    expect(listed[1]?.spki).toBeNull()
  })

  it.each(['id:', 'id:0', 'id:0G', 'id:AB', `id:${'00'.repeat(65)}`])('refuses the id %j', async (name) => {
    expect(await failureOf(open().signer(name))).toBe('REQUEST_INVALID')
  })
  it('knows no key of another id', async () => {
    expect(await failureOf(open().signer('id:00ff'))).toBe('HSM_KEY_NOT_FOUND')
    expect(await open().has('id:00ff')).toBe(false)
    expect(await failureOf(open().generate('id:00ff', 'ecdsa-p256'))).toBe('REQUEST_INVALID')
  })

  it.each(['', '../x', 'A', 'a b', 'a/b', '.a', 'a'.repeat(33)])('refuses the label %j', async (label) => {
    expect(await failureOf(open().signer(label))).toBe('REQUEST_INVALID')
    expect(await failureOf(open().generate(label, 'ecdsa-p256'))).toBe('REQUEST_INVALID')
    expect(await failureOf(open().ensureWrappingKey(label))).toBe('REQUEST_INVALID')
  })

  it('gives random octets of the length asked for', async () => {
    const [a, b] = [await open().random(32), await open().random(32)]
    expect(a).toHaveLength(32)
    expect(a).not.toEqual(b)
    for (const length of [0, -1, 1.5, 5000]) expect(await failureOf(open().random(length))).toBe('REQUEST_INVALID')
  })

  it('seals and opens data keys, and refuses altered and foreign ones', async () => {
    const store = open()
    await store.ensureWrappingKey('wrap.one')
    await store.ensureWrappingKey('wrap.one')
    await store.ensureWrappingKey('wrap.two')
    const dataKey = new Uint8Array(32).fill(7)
    const wrapped = await store.wrap('wrap.one', dataKey)
    expect(await store.unwrap('wrap.one', wrapped)).toEqual(dataKey)
    expect(await store.wrap('wrap.one', dataKey)).not.toEqual(wrapped)
    expect(await failureOf(store.unwrap('wrap.two', wrapped))).toBe('SEALED_INVALID')
    for (let i = 0; i < wrapped.length; i += 5) {
      const altered = Uint8Array.from(wrapped)
      altered[i] = (altered[i] ?? 0) ^ 1
      expect(await failureOf(store.unwrap('wrap.one', altered))).toBe('SEALED_INVALID')
    }
    expect(await failureOf(store.unwrap('wrap.one', wrapped.subarray(0, 20)))).toBe('SEALED_INVALID')
    expect(await failureOf(store.unwrap('wrap.one', new Uint8Array(0)))).toBe('SEALED_INVALID')
    expect(await store.unwrap('wrap.one', wrapped)).toEqual(dataKey)
    expect(await failureOf(store.wrap('wrap.none', dataKey))).toBe('HSM_KEY_NOT_FOUND')
    expect(await failureOf(store.wrap('wrap.one', new Uint8Array(8)))).toBe('REQUEST_INVALID')
  })

  it('opens after reopening what was sealed before', async () => {
    await open().ensureWrappingKey('wrap.kept')
    const wrapped = await open().wrap('wrap.kept', new Uint8Array(32).fill(9))
    const again = await reopen()
    try {
      expect(await again.unwrap('wrap.kept', wrapped)).toEqual(new Uint8Array(32).fill(9))
    } finally {
      await again.close()
    }
  })

  it('is healthy, and says so until closed', async () => {
    const again = await reopen()
    expect(await again.check()).toEqual({ ok: true })
    await again.close()
    await again.close()
    expect(await again.check()).toEqual({ ok: false, code: 'HSM_UNAVAILABLE' })
    expect(await failureOf(again.random(8))).toBe('closed')
    expect(await open().check()).toEqual({ ok: true })
  })
}
