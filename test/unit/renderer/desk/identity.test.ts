import { describe, expect, it } from 'vitest'
import { mrzCheckDigit, parseMrz, type MrzResult } from '../../../../shared/contract/mrz.ts'
import { FaceFeature } from '../../../../shared/contract/words.ts'
import { ProofingFields } from '../../../../shared/contract/views.ts'
import {
  disagreements,
  emptyHolder,
  emptyProofing,
  HolderDraft,
  holderFieldsOf,
  holderFromMrz,
  likelyDuplicates,
  missingFor,
  mrzName,
  ProofingDraft,
  proofingFromMrz,
  proofingFromScan,
  proofingOf,
} from '../../../../renderer/desk/stores/identity.ts'
import { holderRow } from './fixtures.ts'

const TODAY = '2026-11-22'
/** A TD3 zone (ICAO 9303 part 4) with right check digits. */
function td3(names: string, birth = '840312', expiry = '310311'): string {
  const number = 'YA1234567'
  const d = mrzCheckDigit
  const body = `${number}${d(number)}ITA${birth}${d(birth)}F${expiry}${d(expiry)}${'<'.repeat(14)}0`
  const composite = body.slice(0, 10) + body.slice(13, 20) + body.slice(21, 43)
  return `${`P<ITA${names}`.padEnd(44, '<')}\n${body}${d(composite)}`
}
const read = (text: string): MrzResult => {
  const outcome = parseMrz(text, TODAY)
  if (!outcome.ok) throw new Error(outcome.reason)
  expect(outcome.value.failed).toEqual([])
  return outcome.value
}
const full: ProofingDraft = {
  ...emptyProofing,
  documentType: 'passport',
  documentNumber: 'YA1234567',
  issuer: 'ITA',
  expiresOn: '2031-03-11',
  faceFeatures: [...FaceFeature.options],
  documentGenuine: true,
}

describe('when a zone fills fields', () => {
  const text = td3('DE<LUCA<<ANNA<MARIA')
  it('fills a person in readable case and keeps the rest', () => {
    const filled = holderFromMrz({ ...emptyHolder, email: 'a@example.org' }, read(text), text)
    expect(filled).toMatchObject({
      familyName: 'De Luca',
      givenNames: 'Anna Maria',
      birthDate: '1984-03-12',
      nationality: 'ITA',
      email: 'a@example.org',
      mrz: text,
    })
  })
  it('fills the document', () => {
    expect(proofingFromMrz({ ...emptyProofing, note: 'kept' }, read(text), text)).toMatchObject({
      documentType: 'passport',
      documentNumber: 'YA1234567',
      issuer: 'ITA',
      expiresOn: '2031-03-11',
      note: 'kept',
    })
  })
})

describe('when a zone was scanned with the person', () => {
  it('fills the document of the identity step', () => {
    expect(proofingFromScan(td3('ROSSI<<ANNA'), TODAY)).toMatchObject({
      documentType: 'passport',
      documentNumber: 'YA1234567',
    })
  })
  it('is only kept where it does not read', () => {
    expect(proofingFromScan('P<ITA', TODAY)).toEqual({ ...emptyProofing, mrz: 'P<ITA' })
  })
})

describe('when zone and data are compared', () => {
  const zone = read(td3('ROSSI<<ANNA<MARIA'))
  it.each([
    ['the same person', {}, {}, []],
    ['another name', { familyName: 'Bianchi' }, {}, ['familyName']],
    ['a given name left out', { givenNames: 'Anna' }, {}, ['givenNames']],
    ['another birth date', { birthDate: '1984-03-13' }, {}, ['birthDate']],
    ['another nationality', { nationality: 'FRA' }, {}, ['nationality']],
    [
      'another document',
      {},
      { documentNumber: 'XX0000000', issuer: 'FRA', expiresOn: '2030-01-01' },
      ['documentNumber', 'issuer', 'expiresOn'],
    ],
    ['a number in small letters', {}, { documentNumber: 'ya1234567' }, []],
  ])('%s', (_what, holder, draft, found) => {
    expect(disagreements(zone, holderRow(holder), { ...full, ...draft })).toEqual(found)
  })
  it.each([
    ['Müller', 'MUELLER'],
    ['Müller', 'MULLER'],
    ["D'Angelo", 'DANGELO'],
    ['Núñez-Pérez', 'NUNEZ<PEREZ'],
    ['Søndergård', 'SOENDERGAARD'],
  ])('%s may stand as %s', (family, written) => {
    expect(disagreements(read(td3(`${written}<<ANNA<MARIA`)), holderRow({ familyName: family }), full)).toEqual([])
  })
  it('writes names as ICAO does', () => {
    expect(mrzName('Straße  de l’Été')).toBe('STRASSE DE L ETE')
  })
})

describe('when a proof is looked at', () => {
  it('misses everything at first', () => {
    expect(missingFor(emptyProofing, TODAY)).toEqual([
      'documentType',
      'documentNumber',
      'issuer',
      'expiresOn',
      'faceFeatures',
      'documentGenuine',
    ])
  })
  it.each([
    ['nothing', {}, []],
    ['nothing on its last day', { expiresOn: TODAY }, []],
    ['a document that has not expired', { expiresOn: '2026-11-21' }, ['expired']],
    ['every feature', { faceFeatures: FaceFeature.options.slice(1) }, ['faceFeatures']],
    ['a zone that reads', { mrz: 'P<ITA' }, ['mrz']],
    ['right check digits', { mrz: td3('ROSSI<<ANNA').replace('YA1234567', 'YA1234568') }, ['mrz']],
    ['nothing with a sound zone', { mrz: td3('ROSSI<<ANNA') }, []],
    ['a country', { issuer: 'IT' }, ['issuer']],
    ['nothing for Germany', { issuer: 'd' }, []],
  ])('misses %s', (_what, draft, missing) => {
    expect(missingFor({ ...full, ...draft }, TODAY)).toEqual(missing)
  })
  it('is sent as the contract wants it', () => {
    const fields = proofingOf({ ...full, issuer: 'ita', note: '  ' }, td3('ROSSI<<ANNA'))
    expect(ProofingFields.parse(fields)).toMatchObject({ issuer: 'ITA', note: null })
  })
})

describe('when a draft is read again', () => {
  it.each([
    ['part of one', { mrz: 'P<' }, { ...emptyProofing, mrz: 'P<' }],
    ['wrong types', { documentType: 'library-card', faceFeatures: ['hat'], documentGenuine: 'yes' }, emptyProofing],
  ])('%s', (_what, kept, expected) => {
    expect(ProofingDraft.parse(kept)).toEqual(expected)
  })
  it('sends empty optional fields as nothing', () => {
    const fields = holderFieldsOf(HolderDraft.parse({ nationality: 'ita', personalNumber: ' ' }))
    expect(fields).toMatchObject({ nationality: 'ITA', personalNumber: null, email: null })
  })
})

describe('when a person may be here already', () => {
  const rows = [holderRow()]
  it.each([
    ['same name and birth date', { familyName: 'ROSSI', birthDate: '1984-03-12' }, 1],
    ['same personal number', { personalNumber: 'RSSNMR84C52F205X' }, 1],
    ['another birth date', { familyName: 'Rossi', birthDate: '1984-03-13' }, 0],
    ['another name', { familyName: 'Russo', birthDate: '1984-03-12' }, 0],
    ['nothing typed', {}, 0],
  ])('%s', (_what, draft, count) => {
    expect(likelyDuplicates({ ...emptyHolder, ...draft }, rows)).toHaveLength(count)
  })
})
