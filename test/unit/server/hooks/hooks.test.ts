import { describe, expect, it } from 'vitest'
import { AppError, ERROR_CODES } from '../../../../shared/contract/index.ts'
import { problemOf, toAppError } from '../../../../server/hooks/errors.ts'
import { AddressRate, spendSession } from '../../../../server/hooks/rate.ts'

describe('when an error leaves the server', () => {
  it.each(ERROR_CODES)('is told by its code: %s', (code) => {
    const error = new AppError(code, { field: 'x' })
    const problem = problemOf(error, 'id')
    expect(problem).toMatchObject({ type: `urn:countersign:error:${code}`, status: error.status, code, instance: 'id' })
    expect(problem.detail).toEqual(code === 'INTERNAL' ? undefined : { field: 'x' })
  })

  it.each([
    [Object.assign(new Error('x'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE' }), 'REQUEST_TOO_LARGE'],
    [Object.assign(new Error('x'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }), 'REQUEST_UNSUPPORTED_MEDIA'],
    [Object.assign(new Error('secret in here'), { statusCode: 403 }), 'NOT_FOUND'],
    [Object.assign(new Error('secret in here'), { statusCode: 416 }), 'REQUEST_INVALID'],
    [Object.assign(new Error('secret in here'), { statusCode: 502 }), 'INTERNAL'],
    [Object.assign(new Error('secret in here'), { code: 'E_OTHER' }), 'INTERNAL'],
    [new TypeError('secret in here'), 'INTERNAL'],
    ['a string', 'INTERNAL'],
  ])('tells nothing of what nobody foresaw: %#', (thrown, code) => {
    const error = toAppError(thrown)
    expect(error.code).toBe(code)
    expect(JSON.stringify(problemOf(error, 'id'))).not.toContain('secret')
  })
})

describe('when requests are counted', () => {
  it('limits each address by itself, and begins anew each minute', () => {
    const rate = new AddressRate(2)
    rate.spend('a', 0)
    rate.spend('a', 1)
    expect(() => rate.spend('a', 2)).toThrow('REQUEST_RATE_LIMITED')
    rate.spend('b', 3)
    rate.spend('a', 60_000)
  })

  it('limits a session the same way', () => {
    const session = { minute: 0, requests: 0 }
    spendSession(session, 1, 0)
    expect(() => spendSession(session, 1, 1)).toThrow('REQUEST_RATE_LIMITED')
    spendSession(session, 1, 60_000)
  })
})
