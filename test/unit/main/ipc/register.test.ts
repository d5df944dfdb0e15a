import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AppError,
  DESK_CALL_NAMES,
  type DeskHandlers,
  Failure,
  isErrorCode,
} from '../../../../shared/contract/index.ts'
import { type Dispatch, register } from '../../../../main/ipc/register.ts'
import { makeDesk, memoryLog, type TestDesk } from '../../../fakes/desk/desk.ts'

let t: TestDesk
beforeAll(async () => {
  t = await makeDesk()
})
afterAll(() => t.end())

const withHandler = (name: keyof DeskHandlers, handler: () => Promise<unknown>) => {
  const log = memoryLog()
  return { log, dispatch: register({ [name]: handler } as unknown as DeskHandlers, log) }
}
const codeOf = async (answer: ReturnType<Dispatch>) => {
  const result = await answer
  return result.ok ? 'ok' : result.error.code
}

describe('when a call arrives', () => {
  it.each([
    ['an unknown name', 'nothing.here', {}, 'REQUEST_INVALID'],
    ['a name of Object', 'constructor', {}, 'REQUEST_INVALID'],
    ['__proto__', '__proto__', {}, 'REQUEST_INVALID'],
    ['no name', undefined, {}, 'REQUEST_INVALID'],
    ['an object for a name', { toString: (): string => 'app.info' }, {}, 'REQUEST_INVALID'],
    ['an extra key', 'app.info', { more: 1 }, 'REQUEST_INVALID'],
    ['no input', 'app.info', undefined, 'REQUEST_INVALID'],
    ['too much input', 'app.info', { a: 'x'.repeat(500_000) }, 'REQUEST_TOO_LARGE'],
    ['what JSON cannot carry', 'app.info', { a: 1n }, 'REQUEST_TOO_LARGE'],
    ['a good one', 'app.info', {}, 'ok'],
  ])('answers %s', async (_what, name, input, code) => {
    expect(await codeOf(t.desk.dispatch(name, input))).toBe(code)
  })
  it('answers a value outside the contract with CONTRACT_MISMATCH: a handler cannot leak more than the contract says', async () => {
    const { dispatch } = withHandler('session.state', async () => ({ status: 'signed-out', token: 'secret' }))
    expect(await codeOf(dispatch('session.state', {}))).toBe('CONTRACT_MISMATCH')
  })
  it('logs the cause under the id that is shown, and shows nothing of it', async () => {
    const { dispatch, log } = withHandler('session.state', () => Promise.reject(new Error('disk on fire at /home/x')))
    const answer = await dispatch('session.state', {})
    expect(answer).toMatchObject({ ok: false, error: { code: 'INTERNAL', detail: {} } })
    expect(JSON.stringify(answer)).not.toContain('disk')
    if (!answer.ok)
      expect(log.lines[0]).toMatchObject({ event: 'call.failed', level: 'error', fields: { id: answer.error.id } })
  })
  it('gives code and detail of our own errors', async () => {
    const { dispatch } = withHandler('session.state', () =>
      Promise.reject(new AppError('CARD_PIN_WRONG', { tries: 2 })),
    )
    expect(await dispatch('session.state', {})).toMatchObject({
      error: { code: 'CARD_PIN_WRONG', detail: { tries: 2 } },
    })
  })
  it('limits the rate', async () => {
    const { dispatch } = withHandler('session.state', async () => ({ status: 'signed-out' }))
    const codes = await Promise.all(Array.from({ length: 600 }, () => codeOf(dispatch('session.state', {}))))
    expect(codes.filter((code) => code === 'ok').length).toBeGreaterThanOrEqual(240)
    expect(codes).toContain('REQUEST_RATE_LIMITED')
  })
})

const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  Number.NaN,
  '',
  'x'.repeat(300_000),
  "'; DROP TABLE holder; --",
  '\u0000\u2028\ud800',
  '../../etc/passwd',
  '{{constructor}}',
  [],
  [[[]]],
  {},
  { __proto__: { ok: true } },
  JSON.parse('{"__proto__":{"polluted":true}}') as unknown,
  { id: { $gt: '' } },
  { id: 'holder_00000001', extra: 1 },
  { reader: 'Reader A', via: 'piv', pin: 'a.b.c.d.e', office: null },
  { text: '%', limit: 1e9 },
  { text: 'a', limit: '50' },
]
/** The fields a call of the contract names, with something hostile in each. */
const FIELDS = [
  'id',
  'reader',
  'pin',
  'pins',
  'newPin',
  'text',
  'limit',
  'cursor',
  'fields',
  'key',
  'etag',
  'proofing',
  'profile',
  'record',
  'reason',
  'language',
  'serial',
  'checks',
  'name',
  'value',
  'code',
  'card',
  'objectType',
  'objectId',
]

describe('when inputs are hostile', () => {
  it.each(DESK_CALL_NAMES.filter((name) => !name.startsWith('drafts.') && name !== 'session.signOut'))(
    '%s answers a closed code, always',
    async (name) => {
      const inputs = [
        ...HOSTILE,
        ...FIELDS.flatMap((field) => HOSTILE.slice(0, 14).map((value) => ({ [field]: value }))),
      ]
      const dispatch = register(t.desk.handlers, t.log)
      for (const input of inputs.slice(0, 230)) {
        const answer = await dispatch(name, input)
        if (answer.ok) continue
        expect(isErrorCode(answer.error.code)).toBe(true)
        expect(answer.error.code, JSON.stringify(input)?.slice(0, 80)).not.toBe('INTERNAL')
        expect(Failure.safeParse(answer.error).success).toBe(true)
      }
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )
})
