import Database from 'better-sqlite3'
import { join } from 'node:path'
import type { World } from './world.ts'

export interface IssuedRow {
  slot: string
  state: string
  serial: string
  der: Uint8Array
}

/** The certificates of one card as the server's database has them, read beside the running server. */
export function certificatesOf(world: World, cardSerial: string): IssuedRow[] {
  return query<IssuedRow>(
    world,
    `select c.slot, c.state, c.serial, c.der from certificate c join card k on k.id = c.card_id
     where k.serial = ? order by c.slot, c.created_at`,
    cardSerial,
  )
}

/** How many certificates the CA made in all, whoever they are for. */
export const issuedByCa = (world: World): number =>
  query<{ n: number }>(world, 'select count(*) as n from ca_certificate where der is not null')[0]!.n

function query<Row>(world: World, sql: string, ...values: readonly string[]): Row[] {
  const db = new Database(join(world.instance.folder, 'server/operational.sqlite'), { readonly: true })
  try {
    return db.prepare(sql).all(...values) as Row[]
  } finally {
    db.close()
  }
}
