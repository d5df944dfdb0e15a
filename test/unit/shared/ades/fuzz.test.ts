import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalBytes,
  CanonicalWriter,
  hashState,
  readXadesNeeds,
  readXml,
  textOf,
  verifyXades,
} from '../../../../shared/ades/index.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from '../pki/fuzz.ts'
import { contentHash, decode, encode, TrustService, verdict } from './kit.ts'

const AT = new Date('2026-11-22T12:00:00Z')
const trust = await TrustService.open(AT)
const { archived } = await trust.levels(await trust.enveloped())

/** Text without the characters that XML cannot hold. */
const text = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((value) => value.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''))

describe('when any text is written', () => {
  it('is read back as it was, and is its own canonical form', { timeout: FUZZ_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 8 }), (rows) => {
        let out = ''
        const hash = hashState('sha256')
        const writer = new CanonicalWriter({ namespace: 'urn:x', hash, write: (piece) => (out += piece) })
        writer.start('rows')
        for (const [value, attribute] of rows) writer.element('row', value, { b: attribute, a: '1' })
        const promised = writer.contentDigest()
        writer.end()
        const { root } = readXml(encode(out))
        const again = root.children.map((row) =>
          typeof row === 'string'
            ? expect.fail('text')
            : [textOf(row), row.attributes.find(({ local }) => local === 'b')?.value],
        )
        expect(again).toEqual(rows)
        expect(decode(canonicalBytes(root, 'exclusive'))).toBe(out)
        const whole = hashState('sha256')
        whole.update(out)
        expect(whole.digest()).toEqual(promised)
      }),
      { numRuns: fuzzRuns() },
    )
  })
})

describe('when a signature is broken at random', () => {
  const verify = (xml: Uint8Array) =>
    verdict(() =>
      verifyXades({ xml, contentHash: contentHash(), now: AT, anchors: [trust.root.certificate], revocation: 'none' }),
    )
  const place = fc.nat(archived.length - 1)

  it('throws nothing but its own errors, in bounded time and memory', { timeout: FUZZ_TIMEOUT_MS }, () => {
    let slowest = 0
    let peak = 0
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('<', '&', '"', '/>', '<!--', ']]>').map(encode),
    )
    fc.assert(
      fc.property(place, fc.nat(40), piece, (at, removed, added) => {
        const xml = new Uint8Array(Buffer.concat([archived.subarray(0, at), added, archived.subarray(at + removed)]))
        const begun = performance.now()
        expect(verify(xml)).toBeTypeOf('string')
        expect(verdict(() => readXadesNeeds(xml))).toBeTypeOf('string')
        slowest = Math.max(slowest, performance.now() - begun)
        peak = Math.max(peak, process.memoryUsage.rss())
      }),
      { numRuns: fuzzRuns() },
    )
    expect(slowest).toBeLessThan(10_000)
    expect(peak).toBeLessThan(1_500_000_000)
  })

  it('refuses pieces put elsewhere', { timeout: FUZZ_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(place, fc.integer({ min: 40, max: 400 }), place, (from, length, to) => {
        const piece = archived.subarray(from, from + length)
        const xml = Buffer.concat([archived.subarray(0, to), piece, archived.subarray(to)])
        expect(verify(new Uint8Array(xml))).not.toBe('ok')
      }),
      { numRuns: fuzzRuns() },
    )
  })
})
