import { join } from 'node:path'
import Database from 'better-sqlite3'
import { auditSigner, openKeys } from './audit-instance.ts'
import { MANY, cacheFolder, databaseOf } from './audit-database.ts'
import { round, type Figure } from './figure.ts'

/** Pages the audit database takes, all tables and indexes, against canonical bytes and payloads; full text apart. */
export async function* benchAuditBytes(): AsyncIterable<Figure> {
  const keys = await openKeys(cacheFolder())
  const folder = await databaseOf(MANY, await auditSigner(keys))
  await keys.close()
  const db = new Database(join(folder, 'audit.db'), { readonly: true })
  const parts = db.prepare('select name, sum(pgsize) as bytes from dbstat group by name order by bytes desc').all() as {
    name: string
    bytes: number
  }[]
  const { entries, content } = db
    .prepare(
      `select count(*) as entries, sum(length(e.bytes)) + sum(length(p.bytes)) as content
       from entry e join payload p on p.chain = e.chain and p.sequence = e.sequence`,
    )
    .get() as { entries: number; content: number }
  db.close()
  const isText = ({ name }: { name: string }): boolean => name.startsWith('entry_search')
  const sum = (of: readonly { bytes: number }[]): number => of.reduce((total, part) => total + part.bytes, 0)
  for (const { name, bytes } of parts.slice(0, 20))
    process.stderr.write(`  ${name}: ${round(bytes / entries)} bytes an entry\n`)
  yield {
    name: 'audit.bytes',
    value: round(sum(parts.filter((part) => !isText(part))) / entries),
    unit: 'bytes',
    ratio: round(sum(parts.filter((part) => !isText(part))) / content),
    against: `canonical bytes and payload (${round(content / entries)} an entry)`,
    bar: { max: 2 },
  }
  yield {
    name: 'audit.bytes.text',
    value: round(sum(parts.filter(isText)) / entries),
    unit: 'bytes',
    ratio: round(sum(parts.filter(isText)) / content),
    against: 'canonical bytes and payload',
    bar: null,
  }
}
