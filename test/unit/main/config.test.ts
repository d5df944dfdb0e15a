import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig, readAnchor, readConfig, readStationKey } from '../../../main/config.ts'

const GOOD = {
  server: { url: 'https://desk.example:8443', name: 'Milano', caFile: 'ca.pem' },
  station: { id: 'station_00000001', name: 'Counter 1', keyFile: '/keys/station.pem' },
  dataFolder: './data',
  readers: { kind: 'pcsc' },
}
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string, mode = 0o600) => {
  writeFileSync(join(folder, name), content, { mode })
  return join(folder, name)
}

describe('when the configuration is read', () => {
  it('gives it frozen, with absolute paths and what the program brought', () => {
    const config = parseConfig(GOOD, '/etc/desk', { rendererFolder: '/app/screen', cardTable: '/app/cards' })
    expect(config).toMatchObject({
      server: { url: 'https://desk.example:8443', caFile: '/etc/desk/ca.pem' },
      station: { keyFile: '/keys/station.pem' },
      dataFolder: '/etc/desk/data',
      rendererFolder: '/app/screen',
      cardTable: '/app/cards',
    })
    expect(Object.isFrozen(config) && Object.isFrozen(config.server)).toBe(true)
  })
  it.each([
    ['nothing', null, ''],
    ['an unknown key', { ...GOOD, colour: 1 }, 'colour'],
    ['an unknown key inside', { ...GOOD, server: { ...GOOD.server, insecure: true } }, 'server.insecure'],
    ['plain http', { ...GOOD, server: { ...GOOD.server, url: 'http://desk.example' } }, 'server.url'],
    ['a path in the address', { ...GOOD, server: { ...GOOD.server, url: 'https://desk.example/x' } }, 'server.url'],
    ['a station without id', { ...GOOD, station: { name: 'x', keyFile: 'k' } }, 'station.id'],
    ['virtual readers without cards', { ...GOOD, readers: { kind: 'virtual' } }, 'readers.module'],
    ['another language', { ...GOOD, language: 'fr' }, 'language'],
    ['an alarm that is no id', { ...GOOD, explainedAlarms: ['all'] }, 'explainedAlarms.0'],
  ])('refuses %s and names the field', (_what, raw, field) => {
    expect(() => parseConfig(raw, '/')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        detail: expect.objectContaining({ field }) as object,
      }) as Error,
    )
  })
  it('refuses a file that is not there or no JSON', () => {
    expect(() => readConfig(join(folder, 'none.json'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    )
    expect(() => readConfig(file('bad.json', '{'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    )
  })
})

describe('when the station key is read', () => {
  const pem = (curve: string) =>
    generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  it('takes a P-256 key in a private file', () => {
    expect(readStationKey(file('good.pem', pem('P-256'))).asymmetricKeyType).toBe('ec')
  })
  it.each([
    ['another curve', () => file('p384.pem', pem('P-384')), 'not-p256'],
    ['no key', () => file('no.pem', 'hello'), 'unreadable'],
    ['no file', () => join(folder, 'none.pem'), 'unreadable'],
  ])('refuses %s', (_what, make, reason) => {
    expect(() => readStationKey(make())).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ reason }) as object }) as Error,
    )
  })
  it.skipIf(process.platform === 'win32')('refuses a file others may read', () => {
    expect(() => readStationKey(file('open.pem', pem('P-256'), 0o644))).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ reason: 'readable-by-others' }) as object }) as Error,
    )
  })
  it('refuses a trust anchor that is none', () => {
    expect(() => readAnchor(file('ca.pem', 'hello'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    )
  })
})
