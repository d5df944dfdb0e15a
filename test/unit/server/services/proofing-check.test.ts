import { describe, expect, it } from 'vitest'
import { AppError, type HolderFields, type ProofingFields } from '../../../../shared/contract/index.ts'
import { checkProofing } from '../../../../server/services/proofing-check.ts'
import { HOLDER, makeMrz, makeProofing } from '../../../fakes/server/enrol.ts'

const TODAY = '2026-11-22'
const judge = (proofing: Partial<ProofingFields>, holder: Partial<HolderFields> = {}): string => {
  try {
    checkProofing(makeProofing(proofing), { ...HOLDER, ...holder }, TODAY)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.code).toBe('PROOFING_INVALID')
    return `${String(error.detail['field'])} ${String(error.detail['reason'])}`
  }
}
const zoneOf = (holder: Partial<HolderFields>) => makeMrz('YA1234567', '2031-03-01', { ...HOLDER, ...holder })

describe('when a proofing is judged', () => {
  const rows: [string, Partial<ProofingFields>, Partial<HolderFields>, string][] = [
    ['a sound passport', {}, {}, 'accepted'],
    ['no zone', { mrz: null }, {}, 'accepted'],
    ['a document that ends today', { mrz: null, expiresOn: TODAY }, {}, 'accepted'],
    ['a document that ended yesterday', { mrz: null, expiresOn: '2026-11-21' }, {}, 'expiresOn expired'],
    ['no features compared', { faceFeatures: [] }, {}, 'faceFeatures missing'],
    [
      'an umlaut written with two letters',
      { mrz: zoneOf({ familyName: 'MUELLER' }) },
      { familyName: 'Müller' },
      'accepted',
    ],
    ['an umlaut written with one', { mrz: zoneOf({ familyName: 'MULLER' }) }, { familyName: 'Müller' }, 'accepted'],
    ['another family name', {}, { familyName: 'Rossi' }, 'familyName differs'],
    ['another given name', {}, { givenNames: 'Paolo' }, 'givenNames differs'],
    ['only the first given name in the zone', { mrz: zoneOf({ givenNames: 'Giulia' }) }, {}, 'accepted'],
    ['another birth date', {}, { birthDate: '1991-05-14' }, 'birthDate differs'],
    ['a number with signs', { documentNumber: 'ya 123-4567' }, {}, 'accepted'],
    ['rubbish', { mrz: 'A<B' }, {}, 'mrz unreadable'],
  ]
  it.each(rows)('%s: %#', (_name, proofing, holder, expected) => {
    expect(judge(proofing, holder)).toBe(expected)
  })
})
