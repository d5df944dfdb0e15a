import { afterEach, beforeEach, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/index.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'

let t: TestDesk
beforeEach(async () => {
  t = await makeDesk()
})
afterEach(() => t.end())

it('says what works, each by itself', async () => {
  const checks = await t.desk.handlers['diagnostics.checks']({})
  expect(checks.map(({ name, state }) => [name, state])).toEqual([
    ['server', 'warning'],
    ['clock', 'ok'],
    ['card-service', 'ok'],
    ['readers', 'ok'],
    ['key-paths', 'ok'],
    ['store', 'ok'],
    ['witness', 'ok'],
  ])
})
it('goes on where something fails, and says with which code', async () => {
  t.remote.handlers.ping = () => {
    throw new AppError('NETWORK_UNTRUSTED_SERVER')
  }
  t.cards.readers = () => Promise.reject(new AppError('READER_SERVICE_DOWN'))
  const checks = await t.desk.handlers['diagnostics.checks']({})
  expect(checks.find(({ name }) => name === 'server')).toMatchObject({
    state: 'failed',
    detail: 'NETWORK_UNTRUSTED_SERVER',
  })
  expect(checks.find(({ name }) => name === 'readers')).toMatchObject({
    state: 'failed',
    detail: 'READER_SERVICE_DOWN',
  })
  expect((await t.desk.handlers['diagnostics.report']({})).text).toContain('NETWORK_UNTRUSTED_SERVER')
})
it('reports versions, checks and readers, and no secret', async () => {
  await t.signIn()
  const { text, fileName } = await t.desk.handlers['diagnostics.report']({})
  expect(fileName).toMatch(/^countersign-desk-.*\.txt$/)
  expect(text).toContain('Reader A')
  expect(text).toContain(process.version)
  for (const secret of [
    t.officer.pin,
    t.remote.session!.token,
    Buffer.from(t.remote.session!.proofKey).toString('base64url'),
  ])
    expect(text).not.toContain(secret)
})
