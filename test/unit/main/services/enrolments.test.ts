import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canonicalBytes } from '../../../../shared/audit/jcs.ts'
import { verifySignedData } from '../../../../shared/pki/index.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'

const id = 'enrolment_00000001'
let t: TestDesk
beforeEach(async () => {
  t = await makeDesk()
  t.remote.enrolment = { ...t.remote.enrolment, state: 'proofed' }
  await t.signIn()
})
afterEach(() => t.end())
const show = () => t.desk.handlers['enrolments.record']({ id })
const sign = (record: Awaited<ReturnType<typeof show>>, pin = t.officer.pin) =>
  t.desk.handlers['enrolments.sign']({ id, etag: '"1"', record, pin: t.cards.seal('pin', pin) })

describe('when the registration record is signed', () => {
  it('signs the bytes of the server, attached, with the 9C key', async () => {
    const record = await show()
    expect(await sign(record)).toMatchObject({ state: 'approved' })
    const { input, options } = t.remote.calls.findLast(({ name }) => name === 'setRecord')!
    const cms = Buffer.from((input as { body: { cms: string } }).body.cms, 'base64')
    const { content, signerCertificate } = verifySignedData({ cms })
    expect(Buffer.from(content)).toEqual(Buffer.from(canonicalBytes(record)))
    expect(Buffer.from(signerCertificate.der)).toEqual(Buffer.from(t.officer.certificates.get('9C')!))
    expect(options.ifMatch).toBe('"1"')
    expect(t.store.readRecordDigest(id)).toMatch(/^[0-9a-f]{64}$/)
  })
  it('signs nothing that was not shown, and nothing altered after', async () => {
    const record = await show()
    t = t.restart()
    await t.signIn()
    await expect(sign(record)).rejects.toMatchObject({ code: 'RECORD_INVALID', detail: { reason: 'not-shown' } })
    await show()
    const altered = { ...record, holder: { ...record.holder, familyName: 'Bianchi' } }
    await expect(sign(altered)).rejects.toMatchObject({ code: 'RECORD_INVALID', detail: { reason: 'altered' } })
    expect(t.remote.calls.some(({ name }) => name === 'setRecord')).toBe(false)
  })
  it('refuses bytes that are not those of the record shown', async () => {
    const real = t.remote.call.bind(t.remote)
    t.remote.call = (async (name: never, input: never, options: never) => {
      const answer = (await real(name, input, options)) as { record: object }
      return name === 'readRecord' ? { ...answer, canonical: Buffer.from('{}').toString('base64') } : answer
    }) as never
    await expect(show()).rejects.toMatchObject({ code: 'CONTRACT_MISMATCH' })
  })
  it('gives the tries left for a wrong PIN', async () => {
    await expect(sign(await show(), '000000')).rejects.toMatchObject({ code: 'CARD_PIN_WRONG', detail: { tries: 2 } })
  })
})

describe('when a console is approved', () => {
  it('signs a statement that names the console key and its code', async () => {
    await t.desk.handlers['console.approve']({ code: 'BCDF-2345', pin: t.cards.seal('pin', t.officer.pin) })
    const { input } = t.remote.calls.findLast(({ name }) => name === 'approveConsole')!
    const { statement } = (input as { body: { statement: string } }).body
    expect(JSON.parse(Buffer.from(statement, 'base64').toString())).toMatchObject({
      type: 'countersign/console-sign-in/v1',
      console: { request: 'console_00000001', code: 'BCDF-2345' },
      station: 'station_00000001',
    })
  })
})

describe('when drafts are kept', () => {
  const put = (value: never) => t.desk.handlers['drafts.put']({ name: 'enrol', value })
  const get = async () => (await t.desk.handlers['drafts.get']({ name: 'enrol' })).value
  it('keeps them through a kill, for the operator who typed them', async () => {
    await put({ a: [1, null, 'x'] } as never)
    t = t.restart()
    await t.signIn()
    expect(await get()).toEqual({ a: [1, null, 'x'] })
  })
  it('takes them while locked and gives them back after unlocking only', async () => {
    await t.desk.handlers['session.lock']({})
    await put('late' as never)
    await expect(get()).rejects.toMatchObject({ code: 'SESSION_LOCKED' })
    await t.signIn()
    expect(await get()).toBe('late')
  })
  it('refuses them of nobody', async () => {
    await t.desk.handlers['session.signOut']({})
    await expect(put('x' as never)).rejects.toMatchObject({ code: 'SESSION_REQUIRED' })
  })
})
