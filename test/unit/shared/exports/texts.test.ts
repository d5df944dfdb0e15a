import { describe, expect, it } from 'vitest'
import en from '../../../../renderer/text/en/verify.json' with { type: 'json' }
import it_ from '../../../../renderer/text/it/verify.json' with { type: 'json' }
import { failed, passed } from '../../../../shared/exports/report.ts'
import { EXPLAINED, whyOf } from '../../../../shared/exports/reason-text.ts'
import { sentenceOf, titleOf, TOLD } from '../../../../shared/exports/report-text.ts'

const SAYS: readonly (readonly [string, Readonly<Record<string, Readonly<Record<string, string>>>>])[] = [
  ['en', en.says],
  ['it', it_.says],
]

describe('when a report is told', () => {
  it.each(SAYS)('screens have a sentence for each in %s', (_, says) => {
    const missing = TOLD.filter((name) => {
      const [check = '', code = ''] = name.split('.')
      return says[check]?.[code] === undefined
    })
    expect(missing).toEqual([])
  })

  it('screens and terminal give the same reasons', () => {
    expect(EXPLAINED.map((one) => [one, whyOf(one, 'en')])).toEqual(Object.entries(en.why))
    expect(EXPLAINED.map((one) => [one, whyOf(one, 'it')])).toEqual(Object.entries(it_.why))
  })

  it('a refusal says why where that is known', () => {
    const refused = (reason: string) =>
      failed({ check: 'signature', sub: 'GENERIC', indication: 'INDETERMINATE', facts: { reason } })
    expect(sentenceOf(refused('revoked'), 'en')).toBe('refused: revoked. A certificate was revoked by its authority.')
    expect(sentenceOf(refused('crl-delta'), 'en')).toBe('refused: crl-delta.')
    expect(sentenceOf(refused('constructor'), 'en')).toBe('refused: constructor.')
    // What the person who exported wrote is not a reason of ours.
    const own = passed({ check: 'manifest', facts: { reason: 'revoked' } })
    expect(sentenceOf(own, 'en')).not.toContain('by its authority')
  })

  it('puts facts in, and what is unknown as a dash', () => {
    const check = passed({ check: 'members', facts: { count: 3 } })
    expect(sentenceOf(check, 'en')).toBe('3 files have the digests that were signed.')
    expect(sentenceOf(passed({ check: 'members' }), 'it')).toBe('- file hanno le impronte firmate.')
    const refusal = failed({ check: 'data', sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED', facts: { reason: 'x' } })
    expect(sentenceOf(refusal, 'it')).toBe('rifiutato: x.')
    expect(titleOf('data', 'it')).not.toBe(titleOf('data', 'en'))
  })
})
