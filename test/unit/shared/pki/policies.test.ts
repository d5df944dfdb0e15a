import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { verifyPolicies } from '../../../../shared/pki/path-policies.ts'
import { encodeName, parseName, PkiError, verifyPath, type Certificate } from '../../../../shared/pki/index.ts'
import { AT, certify, extended, LEAF_FIELDS, rootAuthority, subAuthority, testKey, verdict } from './authority.ts'
import { mappings, policies } from './ca-extensions.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from './fuzz.ts'
import { judgeByTree } from './policy-tree.ts'

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS })

const ANY = '2.5.29.32.0'
const POLICIES = ['1.1', '1.2', '1.3', '1.4']

/** One certificate of a chain, as far as policies go. */
const link = fc.record({
  policies: fc.uniqueArray(fc.constantFrom(...POLICIES, ANY), { maxLength: 4 }),
  policyMappings: fc.array(
    fc.record({
      issuer: fc.constantFrom(...POLICIES, ...POLICIES, ANY),
      subject: fc.constantFrom(...POLICIES, ...POLICIES, ...POLICIES),
    }),
    { maxLength: 3 },
  ),
  policyConstraints: fc.record({
    requireExplicit: fc.option(fc.nat(3), { freq: 3 }),
    inhibitMapping: fc.option(fc.nat(3), { freq: 3 }),
  }),
  inhibitAnyPolicy: fc.option(fc.nat(3), { freq: 3 }),
  selfIssued: fc.boolean(),
})
const settings = fc.record(
  {
    policies: fc.uniqueArray(fc.constantFrom(...POLICIES, ANY), { minLength: 1, maxLength: 3 }),
    requireExplicitPolicy: fc.boolean(),
    inhibitPolicyMapping: fc.boolean(),
    inhibitAnyPolicy: fc.boolean(),
  },
  { requiredKeys: [] },
)
const [own, other] = ['A', 'B'].map((value) => parseName(encodeName([{ type: 'CN', value }])))
const asCertificate = (one: { readonly selfIssued: boolean }): Certificate =>
  ({ ...one, subject: own, issuer: one.selfIssued ? own : other }) as unknown as Certificate

describe('when policies are judged by the graph', () => {
  it('gives what the tree of RFC 5280 gives, on any chain', () => {
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 5 }), settings, (chain, options) => {
        const path = [...chain.map(asCertificate).reverse(), asCertificate({ selfIssued: true })]
        let byGraph: ReadonlySet<string> | null = null
        try {
          byGraph = new Set(verifyPolicies(path, options))
        } catch (error) {
          if (!(error instanceof PkiError)) throw error
        }
        expect(byGraph).toEqual(judgeByTree(chain, options))
      }),
      { numRuns: fuzzRuns() },
    )
  })

  it('does not grow where the tree would have millions of nodes', async () => {
    const many = Array.from({ length: 30 }, (_, i) => `1.2.${i}`)
    const everyToEvery = many.slice(0, 8).flatMap((a) => many.slice(0, 8).map((b) => [a, b] as const))
    const key = testKey('ecdsa-sha256')
    const root = await rootAuthority()
    let issuer = root
    const intermediates: Certificate[] = []
    for (let i = 0; i < 6; i++) {
      const next = await subAuthority(issuer, { name: `CA ${i}` })
      const certificate = await extended(next.certificate, issuer, policies(...many), mappings(...everyToEvery))
      issuer = { ...next, certificate }
      intermediates.push(certificate)
    }
    const leaf = await certify(key, issuer, { ...LEAF_FIELDS, policies: many })
    const path = { leaf, intermediates, anchors: [root.certificate], at: AT, revocation: 'none' as const }
    const wanted = { requireExplicitPolicy: true, policies: ['1.2.3'] }
    expect(verifyPath({ ...path, ...wanted }).policies).toEqual(['1.2.3'])
    expect(verdict(() => verifyPath({ ...path, ...wanted, policies: ['1.3'] }))).toBe('policy')
  })
})
