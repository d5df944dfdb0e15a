import type { Selectable } from 'kysely'
import { z } from 'zod'
import { newId } from '../id.ts'
import type { KeyCertificateTable, KeySuccessionTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'

type Reader = OperationalDatabase | OperationalTransaction

/** A certificate that another authority issued for a key of the key store. */
export interface KeyCertificate {
  readonly label: string
  /** SHA-256 of the key's SubjectPublicKeyInfo, lower-case hex. */
  readonly keyId: string
  /** DER: the certificate, then what leads to its anchor. */
  readonly chain: readonly Uint8Array[]
  readonly at: number
}

const Chain = z.array(z.base64()).min(1).max(20)
const certificateOf = ({ label, key_id, chain, created_at }: Selectable<KeyCertificateTable>): KeyCertificate => ({
  label,
  keyId: key_id,
  chain: Chain.parse(JSON.parse(chain)).map((one) => new Uint8Array(Buffer.from(one, 'base64'))),
  at: created_at,
})

/** Kept beside those before it, which go on to prove what was signed with them. */
export const insertKeyCertificate = async (
  trx: OperationalTransaction,
  tenant: string,
  { label, keyId, chain, at }: KeyCertificate,
): Promise<void> => {
  const text = JSON.stringify(chain.map((der) => Buffer.from(der).toString('base64')))
  const row = { id: newId('key-certificate'), tenant, label, key_id: keyId, chain: text, created_at: at }
  await trx.insertInto('key_certificate').values(row).execute()
}

/** Every certificate of every key of a label, newest first. */
export const listKeyCertificates = async (db: Reader, tenant: string): Promise<readonly KeyCertificate[]> => {
  const query = db.selectFrom('key_certificate').selectAll().where('tenant', '=', tenant)
  return (await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute()).map(certificateOf)
}

/** The newest certificate put in for a key; null where there is none. */
export const findKeyCertificate = async (
  db: Reader,
  tenant: string,
  label: string,
  keyId?: string,
): Promise<KeyCertificate | null> =>
  (await listKeyCertificates(db, tenant)).find(
    (one) => one.label === label && (keyId === undefined || one.keyId === keyId),
  ) ?? null

/** What a key can be handed over for. */
export type SuccessionUse = KeySuccessionTable['use']

export interface Succession {
  readonly use: SuccessionUse
  readonly label: string
  readonly keyId: string
  readonly at: number
}

export const insertSuccession = async (trx: OperationalTransaction, tenant: string, one: Succession): Promise<void> => {
  const row = { id: newId('succession'), tenant, use: one.use, label: one.label, key_id: one.keyId, created_at: one.at }
  await trx.insertInto('key_succession').values(row).execute()
}

/** Keys that took over a use, newest first: the first one is in force. */
export const listSuccessions = async (
  db: Reader,
  tenant: string,
  use: SuccessionUse,
): Promise<readonly Succession[]> => {
  const query = db.selectFrom('key_succession').selectAll().where('tenant', '=', tenant).where('use', '=', use)
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute()
  return rows.map((row) => ({ use: row.use, label: row.label, keyId: row.key_id, at: row.created_at }))
}

/** The label of the key in force for a use: of the last roll-over, or the first one. */
export const keyInForce = async (db: Reader, tenant: string, use: SuccessionUse, first: string): Promise<string> =>
  (await listSuccessions(db, tenant, use))[0]?.label ?? first

/** DER of what our own CA issued to itself and for signing exports, those that end last first. */
export const listOwnKeyCertificates = async (db: Reader): Promise<readonly Uint8Array[]> => {
  const rows = await db
    .selectFrom('ca_certificate')
    .select('der')
    .where((eb) =>
      eb.or([eb('request_key', 'in', ['ca:root', 'ca:issuing']), eb('request_key', 'like', 'export-seal:%')]),
    )
    .where('der', 'is not', null)
    .orderBy('not_after', 'desc')
    .execute()
  return rows.flatMap(({ der }) => (der ? [der] : []))
}
