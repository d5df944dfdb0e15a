import { randomBytes, X509Certificate, verify } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { readCertificate, selectPiv, signWithSlot, verifyPin } from '../../../main/cards/piv/index.ts'
import { CardChannel } from '../../../main/cards/index.ts'
import { runScript } from '../../../main/launch/processes.ts'
import type { EnrolmentView, Slot } from '../../../shared/contract/index.ts'
import { openVirtualCard } from '../../fakes/card/virtual-card.ts'
import { HOLDER_PIN } from './clerk.ts'
import type { Stage } from './stage.ts'

interface StoredCertificate {
  serial: string | null
  slot: Slot
  state: string
  der: Uint8Array | null
  version: number
}

/** What the server's databases say, read while it is stopped. */
export class Books {
  readonly #operational: Database.Database
  readonly #audit: Database.Database
  constructor(serverFolder: string) {
    this.#operational = new Database(join(serverFolder, 'operational.sqlite'), { readonly: true })
    this.#audit = new Database(join(serverFolder, 'audit.sqlite'), { readonly: true })
  }
  all<T>(sql: string, ...values: unknown[]): T[] {
    return this.#operational.prepare<unknown[], T>(sql).all(...values)
  }
  certificatesOf(enrolment: string): StoredCertificate[] {
    return this.all('SELECT serial, slot, state, der, version FROM certificate WHERE enrolment_id = ?', enrolment)
  }
  /** Entries that say the object was made, changed or deleted. */
  changesOf(type: string, id: string): number {
    const sql = `SELECT count(*) AS n FROM entry JOIN word AS type ON type.id = entry.object_type
                 JOIN word AS did ON did.id = entry.action
                 WHERE type.text = ? AND object_id = ? AND did.text IN ('Insertion', 'Modification', 'Deletion')`
    return this.#audit.prepare<unknown[], { n: number }>(sql).get(type, id)?.n ?? 0
  }
  entries(): number {
    return this.#audit.prepare<unknown[], { n: number }>('SELECT count(*) AS n FROM entry').get()?.n ?? 0
  }
  close(): void {
    this.#operational.close()
    this.#audit.close()
  }
}

/** Each change has exactly one entry, and none waits: a version counts the changes of its row. */
function expectEntriesFor(books: Books, holder: string, enrolment: string): void {
  const versions = (type: string, key: string, where: string, value: string) =>
    books
      .all<{ id: string; version: number }>(`SELECT ${key} AS id, version FROM "${type}" WHERE ${where} = ?`, value)
      .map(({ id, version }) => ({ type, id, version }))
  const rows = [
    ...versions('holder', 'id', 'id', holder),
    ...versions('enrolment', 'id', 'id', enrolment),
    ...versions('card', 'serial', 'enrolment_id', enrolment),
  ]
  // An unblocking is told of its card, as begun and as ended, and changes a row of its own.
  const unblocks = books.all(
    'SELECT unblock.id FROM unblock JOIN card ON card.id = card_id WHERE enrolment_id = ?',
    enrolment,
  )
  for (const row of rows) if (row.type === 'card') row.version += 2 * unblocks.length
  expect(rows.map(({ type, id }) => ({ type, id, version: books.changesOf(type, id) }))).toEqual(rows)
  expect(books.all('SELECT id FROM audit_intent')).toEqual([])
}

/** The authority's books and the registry agree, and only one certificate per slot lives. */
function expectOneLivePerSlot(books: Books, view: EnrolmentView): StoredCertificate[] {
  const all = books.certificatesOf(view.id)
  const slots = (view.profile?.keys ?? []).map(({ slot }) => slot).sort()
  const live = all.filter(({ state }) => state === 'issued')
  expect(live.map(({ slot }) => slot).sort()).toEqual(slots)
  expect(all.filter(({ state }) => state !== 'issued').map(({ state }) => state)).toEqual(
    all.filter(({ state }) => state !== 'issued').map(() => 'revoked'),
  )
  const signed = books.all<{ serial: string; status: string }>(
    `SELECT serial, status FROM ca_certificate WHERE request_key LIKE ? ORDER BY serial`,
    `${view.id}:%`,
  )
  expect(signed).toEqual(
    all
      .map(({ serial, state }) => ({ serial, status: state }))
      .sort((a, b) => ((a.serial ?? '') < (b.serial ?? '') ? -1 : 1)),
  )
  return live
}

/** The card, by APDUs on a copy of it: the holder's PIN opens it, each slot holds the server's certificate and its key. */
async function expectCardHolds(stage: Stage, card: string, live: readonly StoredCertificate[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-card-copy-'))
  try {
    const file = join(folder, 'card.json')
    copyFileSync(stage.cardFile(card), file)
    const virtual = openVirtualCard(file)
    const channel = new CardChannel((command) => virtual.transmit(command))
    await selectPiv(channel)
    for (const { slot, der } of live) {
      const onCard = await readCertificate(channel, slot)
      expect(onCard && Buffer.from(onCard).equals(Buffer.from(der ?? []))).toBe(true)
      const challenge = randomBytes(40)
      await verifyPin(channel, HOLDER_PIN)
      const signature = await signWithSlot(channel, slot, 'ecdsa-p256', challenge)
      const key = new X509Certificate(Buffer.from(der ?? [])).publicKey
      expect([slot, verify('sha256', challenge, key, signature)]).toEqual([slot, true])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every signature of the chain, by the shell; the server must be stopped. */
export async function verifyChain(stage: Stage, entries: number): Promise<void> {
  const args = ['--config', stage.instance.serverConfig, 'audit', 'verify', '--depth', 'full', '--json']
  const verdict = JSON.parse(await runScript('server/shell/index.ts', args)) as { state: string; checked: number }
  expect(verdict).toMatchObject({ state: 'passed', checked: entries })
}

export interface Made {
  view: EnrolmentView
  card: { id: string; serial: string }
  /** How often the card was begun: once, and once more for each time it was wiped. */
  rounds?: number
}

/** Made once and never again: a second PUK in the vault would be one the card does not have. */
function expectOneSetOfCodes(books: Books, { card, rounds = 1 }: Made): void {
  const codes = books.all<{ kind: string; state: string }>(
    `SELECT kind, secret_code.state AS state FROM secret_code JOIN card ON card.id = secret_code.card_id
     WHERE card.serial = ? ORDER BY kind`,
    card.serial,
  )
  expect(codes).toHaveLength(3 * rounds)
  const live = codes.filter(({ state }) => state !== 'destroyed').map(({ kind }) => kind)
  expect(live).toEqual(['management-key', 'puk'])
}

/** All that must hold of cards handed over, whatever happened on the way. Stops the server. */
export async function expectIssuedOnce(stage: Stage, ...all: readonly Made[]): Promise<void> {
  await stage.stopServer()
  const books = new Books(join(stage.instance.folder, 'server'))
  try {
    for (const made of all) {
      const { view, card } = made
      expect(view).toMatchObject({ state: 'handed-over', cardSerial: card.serial })
      const { familyName } = view.holder
      expect(books.all('SELECT id FROM holder WHERE family_name = ?', familyName)).toEqual([{ id: view.holder.id }])
      expect(books.all('SELECT id FROM enrolment WHERE holder_id = ?', view.holder.id)).toEqual([{ id: view.id }])
      expect(books.all('SELECT id FROM proofing WHERE enrolment_id = ?', view.id)).toHaveLength(1)
      const live = expectOneLivePerSlot(books, view)
      await expectCardHolds(stage, card.id, live)
      expectOneSetOfCodes(books, made)
      expectEntriesFor(books, view.holder.id, view.id)
    }
    await verifyChain(stage, books.entries())
  } finally {
    books.close()
  }
}
