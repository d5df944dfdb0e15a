import { describe, expect, it } from 'vitest'
import { NOTHING_PICKED, pickMore, subjectOf } from '../../../../renderer/verify/picked-files.ts'
import { manifestOf, reasonOf, refusalOf, signersOf, toneOf, worstFirst } from '../../../../renderer/verify/verdict.ts'
import { failed, passed, reportOf } from '../../../../shared/exports/report.ts'

const file = (name: string) => new File(['x'], name)
const picked = (...names: string[]) => {
  const { package: whole, content, signature } = pickMore(NOTHING_PICKED, names.map(file))
  return [whole?.name ?? null, content?.name ?? null, signature?.name ?? null]
}

describe('when files are dropped', () => {
  it.each<[string[], (string | null)[]]>([
    [['audit.zip'], ['audit.zip', null, null]],
    [
      ['audit.csv', 'audit.csv.p7s'],
      [null, 'audit.csv', 'audit.csv.p7s'],
    ],
    [
      ['audit.csv.p7s', 'audit.csv'],
      [null, 'audit.csv', 'audit.csv.p7s'],
    ],
    [
      ['audit.xml', 'audit.xml.xades.xml'],
      [null, 'audit.xml', 'audit.xml.xades.xml'],
    ],
    [['report.PDF'], [null, 'report.PDF', null]],
    [
      ['audit.zip', 'other.csv'],
      [null, 'other.csv', null],
    ],
    [
      ['other.csv', 'audit.ZIP'],
      ['audit.ZIP', null, null],
    ],
  ])('%j', (names, expected) => {
    expect(picked(...names)).toEqual(expected)
  })
  it('takes a file alone for one that brings its signature', () => {
    const pdf = file('report.pdf')
    expect(subjectOf({ ...NOTHING_PICKED, content: pdf })).toEqual({
      kind: 'signature',
      signature: pdf,
      content: null,
      name: null,
    })
    expect(subjectOf(NOTHING_PICKED)).toBeNull()
  })
})

describe('when a report is shown', () => {
  const signed = { level: 'B-T', provedAt: '2026-11-21T10:30:02Z', claimedAt: '2026-11-21T10:30:00Z' }
  const good = passed({ check: 'manifest-signature', subject: 'Elena Ferri', facts: signed })
  const told = passed({ check: 'checkpoint-time', code: 'none', decides: false })
  const doubt = failed({ check: 'data', sub: 'TRY_LATER', indication: 'INDETERMINATE' })
  const wrong = failed({ check: 'members', sub: 'HASH_FAILURE', indication: 'TOTAL-FAILED' })
  const report = (...checks: Parameters<typeof reportOf>[2]) => reportOf('package', new Date(0), checks)

  it('names each signer with the time that is proved', () => {
    expect(signersOf(report(good, told))).toEqual([{ name: 'Elena Ferri', indication: 'TOTAL-PASSED', ...signed }])
  })
  it('gives the check that decided, the worst, as the reason', () => {
    expect(reasonOf(report(good, told))).toBeNull()
    expect(reasonOf(report(good, doubt, wrong))).toBe(wrong)
    expect(reasonOf(report(doubt, good))).toBe(doubt)
  })
  it.each([
    ['no-seal', 'no-seal'],
    ['__proto__.x', null],
    [12, null],
    [undefined, null],
  ])('of a refusal with the reason %s explains %s', (given, reason) => {
    const facts = given === undefined ? {} : { reason: given }
    expect(refusalOf(failed({ check: 'signature', sub: 'GENERIC', indication: 'INDETERMINATE', facts }))).toBe(reason)
    expect(refusalOf(passed({ check: 'manifest', facts }))).toBeNull()
  })
  it('believes no manifest that could not be read', () => {
    const broken = failed({ check: 'manifest', sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED', facts: { id: 'x' } })
    expect(manifestOf(report(broken))).toBeNull()
    expect(manifestOf(report(passed({ check: 'manifest', facts: { id: 'x' } })))).toEqual({ id: 'x' })
  })
  it('puts what speaks against it first, and leaves the rest in order', () => {
    expect(worstFirst([good, told, doubt, wrong])).toEqual([wrong, doubt, good, told])
  })
  it('keeps quiet about what does not count', () => {
    expect([good, told, doubt, wrong].map(toneOf)).toEqual(['ok', 'idle', 'warn', 'bad'])
  })
})
