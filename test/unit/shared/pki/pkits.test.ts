import { describe, expect, it } from 'vitest'
import { certificates, judge, lists } from './pkits.ts'
import { CASES, COUNTS, POLICY_CASES, REFUSED_ON_PURPOSE } from './pkits-cases.ts'

describe('when NIST PKITS is judged, everything of the suite at hand', () => {
  it.each(CASES)('%s %s: %s', (_, target, expected) => {
    expect(judge(target).verdict).toBe(expected)
  })

  it.each(POLICY_CASES)('%s %s: %s with %o', (_, target, expected, settings, left) => {
    const { verdict, policies } = judge(target, settings)
    expect(verdict).toBe(expected)
    expect([...policies].sort()).toEqual([...left].sort())
  })
})

describe('when the table of PKITS cases is looked over', () => {
  const all = [...CASES, ...POLICY_CASES]
  it('has every case of 4.1 to 4.16', () => {
    for (const [section, count] of Object.entries(COUNTS)) {
      const inside = all.filter(([number]) => number.startsWith(`${section}.`)).map(([number]) => number.split('.')[2])
      expect(new Set(inside).size, section).toBe(count)
    }
    const targets = new Set(all.map(([, target]) => target))
    const known = [...certificates.read.keys(), ...certificates.refused.keys()].filter((name) => name.endsWith('EE'))
    expect(known.filter((name) => !targets.has(name))).toEqual([])
  })

  it('differs from PKITS exactly where something is refused on purpose', () => {
    const differing = CASES.filter(([, target, expected]) => target.startsWith('Valid') !== (expected === 'ok'))
    expect(Object.fromEntries(differing.map(([number, , expected]) => [number, expected]))).toEqual(REFUSED_ON_PURPOSE)
    const named = POLICY_CASES.filter(([, target]) => /^(Valid|Invalid)/.test(target))
    const wrong = named.filter(([, target, expected]) => target.startsWith('Invalid') && expected === 'ok')
    expect(wrong).toEqual([])
  })

  it('could not parse only what is broken, withdrawn, or unknown and critical', () => {
    expect(Object.fromEntries(certificates.refused)).toEqual({
      BadSignedCACert: 'malformed',
      DSACACert: 'dsa',
      DSAParametersInheritedCACert: 'dsa',
      InvalidDSASignatureTest6EE: 'malformed',
      ValidDSAParameterInheritanceTest5EE: 'dsa',
      ValidDSASignaturesTest4EE: 'dsa',
    })
    expect(Object.fromEntries(lists.refused)).toEqual({
      BadCRLSignatureCACRL: 'malformed',
      DSACACRL: 'dsa',
      DSAParametersInheritedCACRL: 'dsa',
      UnknownCRLEntryExtensionCACRL: 'critical-extension',
      UnknownCRLExtensionCACRL: 'critical-extension',
    })
  })
})

describe('when the delta lists of PKITS are not at hand', () => {
  // Full lists alone are the issuer's word too (RFC 5280 6.3): 4.15.4 shows what a delta may add, and why one that is
  // there is never passed over.
  it.each([
    ['4.15.1', 'InvaliddeltaCRLIndicatorNoBaseTest1EE', 'no-revocation-data'],
    ['4.15.2', 'ValiddeltaCRLTest2EE', 'ok'],
    ['4.15.3', 'InvaliddeltaCRLTest3EE', 'revoked'],
    ['4.15.4', 'InvaliddeltaCRLTest4EE', 'ok'],
    ['4.15.5', 'ValiddeltaCRLTest5EE', 'on-hold'],
    ['4.15.6', 'InvaliddeltaCRLTest6EE', 'on-hold'],
    ['4.15.7', 'ValiddeltaCRLTest7EE', 'ok'],
    ['4.15.8', 'ValiddeltaCRLTest8EE', 'ok'],
    ['4.15.9', 'InvaliddeltaCRLTest9EE', 'revoked'],
    ['4.15.10', 'InvaliddeltaCRLTest10EE', 'stale-crl'],
  ])('%s %s: %s by the full list', (_, target, expected) => {
    expect(judge(target, {}, false).verdict).toBe(expected)
  })
})
