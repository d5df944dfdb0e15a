import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { describe, expect, it } from 'vitest'
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

describe('when the configuration is read', () => {
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
  ])('refuses %s and names it', (_name, changes, path) => {
    expect(pathOf({ ...example(), ...changes })).toBe(path)
  })
})
