import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decrypt, encrypt, plainSeal } from '../../../../main/store/crypto.ts'
import { openStore } from '../../../../main/store/open.ts'
import { memoryLog } from '../../../fakes/desk/desk.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const open = (log = memoryLog()) => openStore(folder, plainSeal, log)
const bytesOnDisk = () =>
  readdirSync(folder)
    .filter((name) => name.startsWith('desk.sqlite'))
    .map((name) => readFileSync(join(folder, name)).toString('latin1'))
    .join('')

describe('drafts', () => {
  it('come back after a restart, and nothing of them is readable on disk', () => {
    const store = open()
    store.writeDraft('enrol', { holder: { familyName: 'Bianchi-Verdi' } })
    expect(bytesOnDisk()).not.toContain('Bianchi')
    store.close()
    const again = open()
    expect(again.readDraft('enrol')).toEqual({ holder: { familyName: 'Bianchi-Verdi' } })
    again.writeDraft('enrol', null)
    expect(again.readDraft('enrol')).toBeNull()
    again.close()
    expect(bytesOnDisk()).not.toContain('Bianchi')
  })
  it('refuse a row altered or moved to another name', () => {
    const store = open()
    store.writeDraft('a', 'one')
    store.writeDraft('b', 'two')
    store.close()
    const db = new Database(join(folder, 'desk.sqlite'))
    db.exec("UPDATE draft SET value = (SELECT value FROM draft WHERE name = 'a') WHERE name = 'b'")
    db.close()
    const log = memoryLog()
    const again = open(log)
    expect(again.readDraft('b')).toBeNull()
    expect(again.readDraft('a')).toBe('one')
    expect(log.lines.map(({ event }) => event)).toContain('store.draft-unreadable')
    again.close()
  })
})

describe('encryption', () => {
  const key = new Uint8Array(32).fill(1)
  it('opens under the same key and label only', () => {
    const sealed = encrypt(key, 'l', Buffer.from('text'))
    expect(decrypt(key, 'l', sealed)?.toString()).toBe('text')
    expect(decrypt(key, 'm', sealed)).toBeNull()
    expect(decrypt(new Uint8Array(32), 'l', sealed)).toBeNull()
    expect(decrypt(key, 'l', sealed.subarray(0, 20))).toBeNull()
    for (let at = 0; at < sealed.length; at++) {
      const bad = Buffer.from(sealed)
      bad[at]! ^= 1
      expect(decrypt(key, 'l', bad)).toBeNull()
    }
  })
  it.skipIf(process.platform === 'win32')('keeps its key where only the owner may read', () => {
    open().close()
    expect(statSync(join(folder, 'store.key')).mode & 0o777).toBe(0o600)
  })
})

describe('when the store is damaged', () => {
  it.each([
    [
      'the file is no database',
      () => writeFileSync(join(folder, 'desk.sqlite'), 'not a database at all, not even close'.repeat(100)),
    ],
    [
      'pages were overwritten',
      () => {
        const store = open()
        for (let i = 0; i < 200; i++) store.writeDraft(`d${i}`, 'x'.repeat(300))
        store.close()
        const bytes = readFileSync(join(folder, 'desk.sqlite'))
        bytes.fill(0xa5, 4096, bytes.length - 100)
        writeFileSync(join(folder, 'desk.sqlite'), bytes)
      },
    ],
    [
      'the key is cut',
      () => {
        open().close()
        writeFileSync(join(folder, 'store.key'), 'short')
      },
    ],
  ])('begins anew where %s, keeps the old one aside and says so', (_what, damage) => {
    damage()
    const log = memoryLog()
    const store = open(log)
    expect(store.recovered).toBe(true)
    store.writeDraft('new', 1)
    expect(store.readDraft('new')).toBe(1)
    store.close()
    expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(true)
    expect(log.lines.some(({ event }) => event === 'store.moved-aside')).toBe(true)
    const again = open()
    expect(again.recovered).toBe(false)
    again.close()
  })
  it('is not touched where it is of a newer version', () => {
    open().close()
    const db = new Database(join(folder, 'desk.sqlite'))
    db.pragma('user_version = 99')
    db.close()
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_UNREADABLE' }) as Error)
    expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(false)
  })
})

describe('what is kept while a card is made', () => {
  it('comes back as bytes and is forgotten together', () => {
    const store = open()
    const key = { cardSerial: 'AA', spki: new Uint8Array([1, 2]), csr: null }
    store.writeKey('e', '9A', key)
    store.writeKey('e', '9C', { ...key, csr: new Uint8Array([3]) })
    store.writePinChange('e', 'AA', 'replacing')
    expect(store.readKey('e', '9A')?.spki).toEqual(Buffer.from([1, 2]))
    expect(store.readKey('e', '9C')?.csr).toEqual(Buffer.from([3]))
    expect(store.readPinChange('e', 'AA')).toBe('replacing')
    store.forgetEnrolment('e')
    expect([store.readKey('e', '9A'), store.readKey('e', '9C'), store.readPinChange('e', 'AA')]).toEqual([
      null,
      null,
      null,
    ])
    store.close()
  })
  it('keeps the outbox in order, per operator, encrypted', () => {
    const store = open()
    store.addToOutbox('a', 'finishUnblock', { n: 'Bianchi' })
    store.addToOutbox('b', 'finishUnblock', { n: 2 })
    store.addToOutbox('a', 'finishUnblock', { n: 3 })
    expect(store.waiting()).toBe(3)
    expect(store.outbox('a').map(({ input }) => input)).toEqual([{ n: 'Bianchi' }, { n: 3 }])
    store.removeFromOutbox(store.outbox('a')[0]!.id)
    expect(store.waiting()).toBe(2)
    store.close()
    expect(bytesOnDisk()).not.toContain('Bianchi')
  })
})
