import { createHmac, hash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AppError, formatProof, PROOF_WINDOW, proofInput } from '../../../../shared/contract/index.ts'
import { ReplayWindow, verifyProof } from '../../../../server/identity/proof.ts'
import { ProofMac } from '../../../../server/identity/proof-mac.ts'

describe('when counters come', () => {
  it('takes each once, in any order within the window', () => {
    const window = new ReplayWindow()
    expect([5, 3, 4, 3, 5, 6].map((n) => window.accept(n))).toEqual([true, true, true, false, false, true])
  })

  it('refuses what is older than the window, and only that', () => {
    const window = new ReplayWindow()
    window.accept(PROOF_WINDOW + 10)
    expect(window.accept(11)).toBe(true)
    expect(window.accept(10)).toBe(false)
  })

  it('forgets nothing it should know after a jump', () => {
    const window = new ReplayWindow()
    for (const n of [1, 2, 5000, 5001]) window.accept(n)
    expect([5000, 5001, 4500, 4500, 2].map((n) => window.accept(n))).toEqual([false, false, true, false, false])
  })

  it('agrees with a set, however counters come', () => {
    const window = new ReplayWindow()
    const seen = new Set<number>()
    let highest = -1
    let state = 12345
    for (let n = 0; n < 20_000; n += 1) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      const counter = Math.max(0, n + (state % 3000) - 1500)
      const expected = !seen.has(counter) && counter > highest - PROOF_WINDOW
      expect(window.accept(counter)).toBe(expected)
      if (expected) seen.add(counter)
      highest = Math.max(highest, expected ? counter : highest)
    }
  })
})

const key = Buffer.alloc(32, 7)
const mac = new ProofMac(key)
const now = 1_795_000_000_000
const body = Buffer.from('{"a":1}')
const good = { method: 'POST', path: '/api/v1/holders?x=1', timeMs: now, counter: 1, token: 't'.repeat(43) }
const header = (changes: Partial<typeof good> = {}, bytes = body, made?: string): string => {
  const parts = { ...good, ...changes, bodyDigest: hash('sha256', bytes, 'base64url') }
  return formatProof(
    parts.timeMs,
    parts.counter,
    made ?? createHmac('sha256', key).update(proofInput(parts)).digest('base64url'),
  )
}
const judge = (value: unknown, notBefore = 0): string => {
  try {
    verifyProof(
      { header: value, method: good.method, path: good.path, body, token: good.token },
      mac,
      new ReplayWindow(),
      now,
      notBefore,
    )
    return 'accepted'
  } catch (error) {
    if (error instanceof AppError) return String(error.detail['reason'])
    throw error
  }
}

describe('when a proof is checked', () => {
  it.each([
    ['a good one', header(), 'accepted'],
    ['none', undefined, 'form'],
    ['two headers', [header(), header()], 'form'],
    ['another form', `${header()};x=1`, 'form'],
    ['another method', header({ method: 'GET' }), 'mac'],
    ['another path', header({ path: '/api/v1/holders?x=2' }), 'mac'],
    ['another token', header({ token: 'u'.repeat(43) }), 'mac'],
    ['another body', header({}, Buffer.from('{"a":2}')), 'mac'],
    ['another time than signed', header({}).replace(`t=${now}`, `t=${now + 1}`), 'mac'],
    ['another counter than signed', header({}).replace('n=1;', 'n=2;'), 'mac'],
    ['a made-up MAC', header({}, body, 'A'.repeat(43)), 'mac'],
    ['59 s behind', header({ timeMs: now - 59_000 }), 'accepted'],
    ['61 s behind', header({ timeMs: now - 61_000 }), 'time'],
    ['61 s ahead', header({ timeMs: now + 61_000 }), 'time'],
  ])('%s: %#', (_name, value, expected) => {
    expect(judge(value)).toBe(expected)
  })

  it('refuses one made before the process started', () => {
    expect(judge(header({ timeMs: now - 1 }), now)).toBe('time')
  })
})

describe('when a MAC is made by one-shot hashes', () => {
  it('is the HMAC-SHA256 of everyone else, for any key and text', () => {
    for (let length = 0; length < 300; length += 1) {
      const any = randomBytes(1 + (length % 64))
      const text = `${'è/'.repeat(length % 7)}${randomBytes(length).toString('hex')}`
      expect(new ProofMac(any).of(text)).toBe(createHmac('sha256', any).update(text).digest('base64url'))
    }
  })

  it('takes keys of 1 to 64 bytes and texts up to 32 KiB', () => {
    expect(() => new ProofMac(new Uint8Array(0))).toThrow(AppError)
    expect(() => new ProofMac(new Uint8Array(65))).toThrow(AppError)
    expect(mac.of('a'.repeat(32 * 1024))).toBe(
      createHmac('sha256', key)
        .update('a'.repeat(32 * 1024))
        .digest('base64url'),
    )
    expect(() => mac.of('a'.repeat(32 * 1024 + 1))).toThrow('REQUEST_INVALID')
  })

  it.each([
    ['its own', (own: string) => own, true],
    ['another', (own: string) => `${own.startsWith('A') ? 'B' : 'A'}${own.slice(1)}`, false],
    ['one that is too short', (own: string) => own.slice(1), false],
    ['one that is too long', (own: string) => `${own}A`, false],
    ['none', () => '', false],
  ])('says of %s whether it matches', (_what, change, matches) => {
    expect(mac.matches('text', change(mac.of('text')))).toBe(matches)
  })

  it('makes none with a wiped key', () => {
    const wiped = new ProofMac(key)
    wiped.wipe()
    expect(() => wiped.of('x')).toThrow('SESSION_LOCKED')
  })
})
