import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import { CallFailure, failureOf, failureText, mayRetry } from '../../../../renderer/ui/failure.ts'
import { sameName } from '../../../../renderer/ui/same-name.ts'

describe('when something thrown is shown', () => {
  it.each([
    [new CallFailure({ code: 'CARD_PIN_WRONG', detail: { triesLeft: 2 }, id: 'err_1' }), 'CARD_PIN_WRONG', 'err_1'],
    [new AppError('CONTRACT_MISMATCH'), 'CONTRACT_MISMATCH', 'screen'],
    [new Error('secret 123456'), 'INTERNAL', 'screen'],
    ['text', 'INTERNAL', 'screen'],
    [undefined, 'INTERNAL', 'screen'],
  ])('%s', (thrown, code, id) => {
    const failure = failureOf(thrown)
    expect(failure).toMatchObject({ code, id })
    expect(JSON.stringify(failure)).not.toContain('123456')
  })
  it('offers a retry where one makes sense', () => {
    expect(mayRetry({ code: 'CA_UNAVAILABLE', detail: {}, id: 'x' })).toBe(true)
    expect(mayRetry({ code: 'ACCESS_DENIED', detail: {}, id: 'x' })).toBe(false)
  })
  it('copies code, id and time alone', () => {
    const text = failureText({ code: 'CARD_PIN_WRONG', detail: { triesLeft: 2 }, id: 'err_1' }, 0)
    expect(text).toBe('Countersign CARD_PIN_WRONG err_1 1970-01-01T00:00:00.000Z')
  })
})

describe('when a name is typed to confirm', () => {
  it.each([
    ['Rossi', 'Rossi', true],
    [' rossi ', 'Rossi', true],
    ['de  luca', 'De Luca', true],
    ['Mu\u0308ller', 'M\u00FCller', true],
    ['Muller', 'Müller', false],
    ['Ross', 'Rossi', false],
    ['', 'Rossi', false],
    ['', '', false],
  ])('"%s" for "%s" is %s', (typed, name, same) => {
    expect(sameName(typed, name)).toBe(same)
  })
})
