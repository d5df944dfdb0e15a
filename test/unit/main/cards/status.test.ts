import { describe, expect, it } from 'vitest'
import { statusError, type About } from '../../../../main/cards/piv/status.ts'
import { moduleError } from '../../../../main/cards/pkcs11/module-error.ts'
import { pcscError } from '../../../../main/cards/reader/pcsc/pcsc-error.ts'
import { AppError } from '../../../../shared/contract/index.ts'

describe('when a card answers with a status word', () => {
  const rows: [number, About, string | null, object][] = [
    [0x9000, 'pin', null, {}],
    [0x63c2, 'pin', 'CARD_PIN_WRONG', { triesLeft: 2 }],
    [0x63c1, 'puk', 'CARD_PUK_WRONG', { triesLeft: 1 }],
    [0x63c0, 'pin', 'CARD_PIN_BLOCKED', {}],
    [0x63c0, 'puk', 'CARD_PUK_BLOCKED', {}],
    [0x6983, 'pin', 'CARD_PIN_BLOCKED', {}],
    [0x6983, 'puk', 'CARD_PUK_BLOCKED', {}],
    [0x6983, 'other', 'CARD_COMMAND_FAILED', {}],
    [0x6982, 'management-key', 'CARD_MANAGEMENT_KEY_WRONG', {}],
    [0x6300, 'management-key', 'CARD_MANAGEMENT_KEY_WRONG', {}],
    [0x6982, 'other', 'CARD_COMMAND_FAILED', { reason: 'not-allowed' }],
    [0x6a80, 'pin', 'CARD_PIN_POLICY', {}],
    [0x6a80, 'object', 'CARD_COMMAND_FAILED', { sw: '6A80' }],
    [0x6a84, 'object', 'CARD_COMMAND_FAILED', { reason: 'full' }],
    [0x6d00, 'other', 'CARD_UNSUPPORTED', { sw: '6D00' }],
    [0x6f00, 'other', 'CARD_COMMAND_FAILED', { sw: '6F00' }],
  ]
  it.each(rows)('reads %i about %s as %s', (sw, about, code, detail) => {
    const error = statusError(sw, about)
    expect(error?.code ?? null).toBe(code)
    if (error !== null) expect(error.detail).toMatchObject(detail)
  })
})

describe('when PC/SC or a module fails', () => {
  it.each([
    ['RemovedCard', 'CARD_REMOVED'],
    ['NoSmartCard', 'CARD_NOT_PRESENT'],
    ['UnresponsiveCard', 'CARD_MUTE'],
    ['SharingViolation', 'CARD_BUSY'],
    ['NoService', 'READER_SERVICE_DOWN'],
    ['UnknownReader', 'READER_NOT_FOUND'],
    ['SomethingNew', 'CARD_COMMAND_FAILED'],
  ])('reads PC/SC %s as %s', (name, code) => {
    expect(pcscError(Object.assign(new Error('x'), { code: name }), 'R')).toMatchObject({
      code,
      detail: { reader: 'R' },
    })
  })
  it.each([
    [0xa0, 'CARD_PIN_WRONG'],
    [0xa2, 'CARD_PIN_POLICY'],
    [0xa4, 'CARD_PIN_BLOCKED'],
    [0x32, 'CARD_REMOVED'],
    [0xb3, 'CARD_REMOVED'],
    [0xe0, 'CARD_NOT_PRESENT'],
    [0x05, 'CARD_COMMAND_FAILED'],
  ])('reads CKR %i as %s', (ckr, code) => {
    expect(moduleError(Object.assign(new Error('x'), { code: ckr })).code).toBe(code)
  })
  it('passes our own errors as they are', () => {
    const ours = new AppError('CARD_PIN_WRONG', { triesLeft: 1 })
    expect([pcscError(ours, 'R'), moduleError(ours)]).toEqual([ours, ours])
  })
})
