import { describe, expect, it } from 'vitest'
import {
  cardFit,
  isCardOf,
  ownerOf,
  readerTone,
  readerWord,
  signInReaders,
  triesAfter,
  triesTone,
  workReader,
} from '../../../../renderer/desk/stores/reader-facts.ts'
import { blank, card, reader, session } from './fixtures.ts'

describe('when a reader is put in a word', () => {
  it.each([
    [reader('r', null), 'empty', 'idle'],
    [reader('r', null, { state: 'reading' }), 'reading', 'info'],
    [reader('r', null, { state: 'unknown' }), 'unknown', 'warn'],
    [reader('r', null, { state: 'mute' }), 'mute', 'bad'],
    [reader('r', null, { state: 'busy' }), 'busy', 'warn'],
    [reader('r', blank('B1')), 'blank', 'info'],
    [reader('r', card()), 'ready', 'ok'],
    [reader('r', card({ certificates: [] })), 'unfinished', 'warn'],
    [reader('r', card({ pinTries: 0 })), 'pin-blocked', 'bad'],
    [reader('r', card({ pinTries: 0, pukTries: 0 })), 'puk-blocked', 'bad'],
    // A blocked PUK alone stops nothing the holder does today.
    [reader('r', card({ pukTries: 0 })), 'ready', 'ok'],
    [reader('r', card({ pinTries: null })), 'ready', 'ok'],
  ])('%o is %s', (given, word, tone) => {
    expect(readerWord(given, 5_000)).toBe(word)
    expect(readerTone(readerWord(given, 5_000))).toBe(tone)
  })
  it('is expired once its certificate has ended', () => {
    expect(readerWord(reader('r', card()), 10_001)).toBe('expired')
  })
})

it('names the owner from the certificate, and nobody on a blank card', () => {
  expect(ownerOf(reader('r', card()))).toBe('Anna Rossi')
  expect(ownerOf(reader('r', blank('B1')))).toBeNull()
})

it('offers cards with a 9A certificate to sign in', () => {
  const signing = card({ certificates: card().certificates.map((c) => ({ ...c, slot: '9C' as const })) })
  const readers = [reader('a', card()), reader('b', blank('B1')), reader('c', signing), reader('d', null)]
  expect(signInReaders(readers).map((r) => r.name)).toEqual(['a'])
})

describe('when the reader to work in is chosen', () => {
  const officer = reader('officer', card({ serial: '0FF1CE' }))
  it.each([
    ['the one with the serial', [officer, reader('b', blank('B1')), reader('c', card({ serial: 'C1' }))], 'C1', 'c'],
    ['a blank card while none is claimed', [officer, reader('b', card()), reader('c', blank('B1'))], null, 'c'],
    ['no blank card once one is claimed', [officer, reader('b', null), reader('c', card({ serial: 'X1' }))], 'C1', 'c'],
    ['an empty reader at last', [officer, reader('b', null)], null, 'b'],
    ['never the officer’s own', [officer], null, null],
  ])('takes %s', (_why, readers, serial, name) => {
    expect(workReader(readers, 'officer', serial)?.name ?? null).toBe(name)
  })
})

describe('when a card is looked at for an enrolment', () => {
  it.each([
    [null, null, 'no-reader'],
    [reader('r', null), null, 'empty'],
    [reader('r', null, { state: 'mute' }), null, 'not-ready'],
    [reader('r', null, { state: 'reading' }), null, 'reading'],
    [reader('r', null, { state: 'reading' }), 'C1', 'reading'],
    [reader('r', blank('B1')), null, 'fits'],
    [reader('r', card()), null, 'not-blank'],
    [reader('r', card({ serial: 'C1' })), 'C1', 'fits'],
    [reader('r', blank('B1')), 'C1', 'other-card'],
  ])('%o claimed %s: %s', (given, serial, fit) => {
    expect(cardFit(given, serial)).toBe(fit)
  })
})

describe('when tries are told', () => {
  it.each([
    [null, 'idle'],
    [0, 'bad'],
    [1, 'bad'],
    [2, 'warn'],
    [3, 'ok'],
  ])('%s left is %s', (left, tone) => {
    expect(triesTone(left)).toBe(tone)
  })
  it.each([
    [{ triesLeft: 1 }, 1],
    [{ tries: 0 }, 0],
    [{}, 3],
    [{ triesLeft: 'many' }, 3],
  ])('%j counts, else what the reader told', (detail, left) => {
    expect(triesAfter(detail, reader('r', card()))).toBe(left)
  })
  it('is unknown without a reader', () => {
    expect(triesAfter({}, null)).toBeNull()
  })
})

describe('when a desk is locked', () => {
  const rossi = { id: 'opr_00000009', name: 'Anna Rossi' }
  it.each([
    ['the card it was opened with', card({ serial: 'A1' }), { ...session('RO'), cardSerial: 'A1' }, true],
    ['another card', card({ serial: 'B2' }), { ...session('RO'), cardSerial: 'A1' }, false],
    ['another card with the same name', card({ serial: 'B2' }), { ...session('RO', rossi), cardSerial: 'A1' }, false],
    ['a card of that name where no serial is known', card(), session('RO', rossi), true],
    ['a card of another name', card(), session('RO'), false],
  ])('%s: %s', (_what, held, of, same) => {
    expect(isCardOf(reader('r', held), of)).toBe(same)
  })
})
