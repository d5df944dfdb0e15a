import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findKind, readCardTable } from '../../../../main/cards/card-table.ts'
import { openModule } from '../../../../main/cards/pkcs11/module-signer.ts'

const FOLDER = resolve(import.meta.dirname, '../../../../resources/cards')
const atr = (hex: string): Buffer => Buffer.from(hex, 'hex')

describe('when the card table of the product is read', () => {
  it('takes every file', () => {
    const table = readCardTable(FOLDER)
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
    expect(table.kinds.length + table.modules.length).toBe(files.length)
  })
  it.each([
    ['3b84014353565093', 'virtual'],
    ['3bfd1300008131fe158073c021c057597562694b657940', 'yubikey-5'],
    ['3b8001', 'piv'],
    ['', 'piv'],
  ])('knows the card with ATR %s as %s', (hex, id) => {
    expect(findKind(readCardTable(FOLDER), atr(hex)).id).toBe(id)
  })
  it('has paths of the module for each system', () => {
    const [opensc] = readCardTable(FOLDER).modules
    expect(Object.keys(opensc?.paths ?? {})).toEqual(expect.arrayContaining(['linux', 'darwin', 'win32']))
  })
  it('finds no module on a system it has no path for', () => {
    expect(openModule(readCardTable(FOLDER).modules, 'plan9')).toBeNull()
  })
})

describe('when a table is wrong', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-table-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const general = {
    type: 'card',
    id: 'piv',
    name: 'PIV',
    applet: 'piv',
    atrs: [],
    vendor: { serial: false, metadata: false, setManagementKey: false, setRetries: false, reset: false },
    managementKey: { algorithms: ['3des'] },
    extendedLength: false,
  }
  it.each([
    ['no JSON', '{'],
    ['an unknown key', JSON.stringify({ ...general, extra: 1 })],
    ['an ATR in capitals', JSON.stringify({ ...general, atrs: ['3BFF'] })],
    ['no algorithm', JSON.stringify({ ...general, managementKey: { algorithms: [] } })],
    ['another type', JSON.stringify({ ...general, type: 'token' })],
  ])('refuses %s and names the file', (_name, text) => {
    writeFileSync(join(folder, 'bad.json'), text)
    expect(() => readCardTable(folder)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', detail: { file: 'bad.json' } }),
    )
  })
  it('refuses a table without the general card', () => {
    writeFileSync(join(folder, 'one.json'), JSON.stringify({ ...general, atrs: ['3b00'] }))
    expect(() => readCardTable(folder)).toThrow(expect.objectContaining({ detail: { reason: 'no-general-card' } }))
  })
})
