import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeWitnessKey } from '../../../shared/audit/cosignature.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { parseConfig } from '../../../server/config.ts'

const example = () =>
  JSON.parse(readFileSync(new URL('../../../resources/config/server.example.json', import.meta.url), 'utf8')) as Record<
    string,
    never
  >
const pathOf = (value: unknown): unknown => {
  try {
    parseConfig(value, '/srv')
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.detail['path']
    throw error
  }
  return 'accepted'
}

const witness = (url: string) => ({
  name: 'w',
  vkey: encodeWitnessKey({ name: 'witness.example', publicKey: new Uint8Array(32) }),
  url,
})

describe('when the configuration is read', () => {
  it('takes witnesses and time-stamp authorities, their files from its own folder', () => {
    const authorities = [{ url: 'http://tsa.example/ts', trustFile: 'tsa.pem', policy: '1.3.6.1.4.1' }]
    const checkpoints = { seconds: 5, witnesses: [witness('https://w.example/prefix')] }
    const config = parseConfig({ ...example(), checkpoints, timestamping: { authorities } }, '/srv')
    expect(config.timestamping.authorities[0]?.trustFile).toBe('/srv/tsa.pem')
    expect(config.checkpoints).toMatchObject({ entries: 1000, seconds: 5, witnessStaleHours: 24, desksStaleHours: 120 })
  })

  it('takes the example, makes paths absolute and freezes all of it', () => {
    const config = parseConfig(example(), '/srv/countersign')
    expect(isAbsolute(config.tls.keyFile)).toBe(true)
    expect(config.limits.sessionHours).toBe(12)
    expect(() => Object.assign(config.listen, { port: 1 })).toThrow(TypeError)
  })

  it.each([
    ['an unknown member', { extra: 1 }, 'extra'],
    ['an unknown member inside', { listen: { host: '127.0.0.1', port: 1, tls: true } }, 'listen.tls'],
    ['a port as text', { listen: { host: '127.0.0.1', port: '1' } }, 'listen.port'],
    ['a name that is no chain', { name: 'Not A Chain' }, 'name'],
    ['a plain address', { publicUrl: 'http://127.0.0.1' }, 'publicUrl'],
    ['keys of no kind', { keys: { kind: 'paper' } }, 'keys.kind'],
    [
      'a database inside a secret',
      { databases: { operational: { kind: 'postgres', connectionString: 'x' } } },
      'databases.operational.connectionStringFile',
    ],
    [
      'a witness key that is none',
      { checkpoints: { witnesses: [{ name: 'w', vkey: 'w+00000000+AAAA', url: 'https://w.example' }] } },
      'checkpoints.witnesses.0.vkey',
    ],
    [
      'a witness that is no address',
      { checkpoints: { witnesses: [witness('ftp://w.example')] } },
      'checkpoints.witnesses.0.url',
    ],
    ['a checkpoint never made', { checkpoints: { seconds: 0 } }, 'checkpoints.seconds'],
    [
      'an authority nobody vouches for',
      { timestamping: { authorities: [{ url: 'https://tsa.example' }] } },
      'timestamping.authorities.0.trustFile',
    ],
    [
      'a policy that is no number',
      { timestamping: { authorities: [{ url: 'http://tsa.example', trustFile: 'ca.pem', policy: 'best' }] } },
      'timestamping.authorities.0.policy',
    ],
  ])('refuses %s and names it', (_name, changes, path) => {
    expect(pathOf({ ...example(), ...changes })).toBe(path)
  })
})
