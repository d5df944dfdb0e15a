import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig as parseDesk } from '../../../main/config.ts'
import { parseConfig as parseServer } from '../../../server/config.ts'

const FOLDER = join(import.meta.dirname, '../../../resources/config')
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))

describe('when the example configurations are taken as they are', () => {
  it('returns a server configuration, and refuses it with a word too many', () => {
    expect(parseServer(read('server.example.json'), FOLDER).listen.port).toBeGreaterThan(0)
    expect(() => parseServer({ ...(read('server.example.json') as object), extra: 1 }, FOLDER)).toThrow(
      'CONFIG_INVALID',
    )
  })

  it('returns a server configuration with an HSM, time-stamps and exports of its own, its files beside it', () => {
    const file = read('server.hsm.example.json')
    const config = parseServer(file, FOLDER)
    expect(config.keys).toMatchObject({ kind: 'pkcs11', tokenLabel: 'countersign', pinFile: join(FOLDER, 'token.pin') })
    expect(config.timestamping.authorities).toMatchObject([{ trustFile: join(FOLDER, 'trust/timestamp-roots.pem') }])
    expect(config.signing).toMatchObject({
      key: { label: 'export', algorithm: 'rsa-3072' },
      trustFile: join(FOLDER, 'trust/seal-roots.pem'),
      revocation: { hosts: ['ocsp.example.test', 'crl.example.test:8080'], privateAddresses: false },
    })
    expect(config.exports).toMatchObject({ folder: join(FOLDER, 'exports'), keepDays: 7 })
    const { keys } = file as { keys: object }
    expect(() => parseServer({ ...(file as object), keys: { ...keys, extra: 1 } }, FOLDER)).toThrow('CONFIG_INVALID')
    const nameless = { kind: 'pkcs11', library: 'module.so' }
    expect(() => parseServer({ ...(file as object), keys: nameless }, FOLDER)).toThrow('CONFIG_INVALID')
  })

  it('returns a desk configuration, and refuses it with a word too many', () => {
    const brought = { rendererFolder: FOLDER, cardTable: FOLDER }
    expect(parseDesk(read('desk.example.json'), FOLDER, brought).readers.kind).toBe('pcsc')
    expect(() => parseDesk({ ...(read('desk.example.json') as object), extra: 1 }, FOLDER, brought)).toThrow(
      'CONFIG_INVALID',
    )
  })
})
