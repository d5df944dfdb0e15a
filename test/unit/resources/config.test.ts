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

  it('returns a desk configuration, and refuses it with a word too many', () => {
    const brought = { rendererFolder: FOLDER, cardTable: FOLDER }
    expect(parseDesk(read('desk.example.json'), FOLDER, brought).readers.kind).toBe('pcsc')
    expect(() => parseDesk({ ...(read('desk.example.json') as object), extra: 1 }, FOLDER, brought)).toThrow(
      'CONFIG_INVALID',
    )
  })
})
