import { describe, expect, it } from 'vitest'
import { entryRef, filterOf } from '../../../../server/shell/audit-commands.ts'
import { adviceFor, exitOf, wholeNumber } from '../../../../server/shell/command.ts'
import { facts, indented, table } from '../../../../server/shell/print.ts'
import { AppError } from '../../../../shared/contract/index.ts'

describe('when the words of a filter are read', () => {
  it('takes what the console takes, times in both forms', () => {
    const given = { from: '2026-01-01T00:00:00Z', to: '1767225600001', action: 'Login,Logout', office: 'milan' }
    expect(filterOf({ ...given, 'object-type': 'session' })).toMatchObject({
      from: 1_767_225_600_000,
      to: 1_767_225_600_001,
      action: ['Login', 'Logout'],
      office: ['milan'],
      objectType: ['session'],
      limit: 50,
    })
  })

  it.each([
    [{ from: 'yesterday' }, '--from'],
    [{ action: 'Login,Steal' }, '--action'],
    [{ 'object-type': 'everything' }, '--object-type'],
    [{ limit: '0' }, '--limit'],
    [{ 'correlation-id': '' }, '--correlation-id'],
  ])('refuses %j and names the option', (values, path) => {
    expect(() => filterOf(values)).toThrow(
      expect.objectContaining({
        code: 'REQUEST_INVALID',
        detail: expect.objectContaining({ path }) as unknown,
      }) as Error,
    )
  })

  it.each([
    [{ words: ['7'] }, { chain: 'own', sequence: 7 }],
    [{ words: ['other.node', '7'] }, { chain: 'other.node', sequence: 7 }],
    [
      { chain: 'other.node', sequence: '0' },
      { chain: 'other.node', sequence: 0 },
    ],
  ])('knows the entry meant by %j', (values, ref) => {
    expect(entryRef(values, 'own')).toEqual(ref)
  })

  it.each(['', '-1', '1.5', '1e3', 'x', '99999999999999999'])('refuses the number %j', (text) => {
    expect(() => wholeNumber(text, 'x')).toThrow('REQUEST_INVALID')
  })
})

describe('when the shell ends with an error', () => {
  it.each([
    [new AppError('REQUEST_INVALID'), 1, false],
    [new AppError('CONFIG_INVALID', { reason: 'unreadable' }), 1, false],
    [new AppError('CONFIG_INVALID', { reason: 'in-use', pid: 7 }), 4, true],
    [new AppError('AUDIT_NOT_FOUND'), 3, false],
    [new AppError('HSM_UNAVAILABLE'), 3, false],
    [new AppError('CHAIN_KEY_UNUSABLE'), 3, true],
    [new AppError('INTERNAL'), 70, false],
    [new Error('x'), 70, false],
  ])('says so by %s', (error, code, hasAdvice) => {
    expect([exitOf(error), adviceFor(error) !== null]).toEqual([code, hasAdvice])
  })
})

describe('when text is shown in a terminal', () => {
  it('aligns columns and cuts what is too long', () => {
    expect(
      table(
        ['a', 'name'],
        [
          [1, 'x'],
          ['long one', null],
        ],
      ),
    ).toBe('a         name\n1         x\nlong one')
    expect(table(['a'], [['y'.repeat(60)]]).split('\n')[1]).toBe(`${'y'.repeat(47)}…`)
    expect(table(['a'], [])).toBe('nothing found')
  })

  it('shows commands to the terminal as what they are', () => {
    expect(facts([['name', 'a\u001b[2Jb']])).toBe('name  a�[2Jb')
    expect(indented({ a: '\u202e' })).not.toContain('\u202e')
  })
})
