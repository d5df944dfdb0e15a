import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { enableCompileCache } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { CHAIN } from './audit-chain.ts'

/**
 * One measurement in a process of its own: prints entries a second, the most memory the process had, and how much of it
 * came by the measurement.
 */
const [what = '', folder = '', trusted = ''] = process.argv.slice(2)
// As server/index.ts does: before anything else of ours is imported.
enableCompileCache(join(tmpdir(), 'countersign-bench-compile-cache'))

const verifyStored = async (mode: 'quick' | 'full'): Promise<number> => {
  const { VerificationJobs } = await import('../../server/audit/verification-jobs.ts')
  const { openAuditDatabase } = await import('../../server/db/open.ts')
  const audit = await openAuditDatabase({ dialect: 'sqlite', file: join(folder, 'audit.db') })
  const jobs = new VerificationJobs({ audit, chain: CHAIN, trustedKeyIds: () => [trusted] })
  const started = performance.now()
  const { id, total } = await jobs.start({ mode, requestedBy: null })
  const done = await jobs.wait(id)
  const seconds = (performance.now() - started) / 1000
  if (!done.verdict?.ok) throw new Error(`the chain did not verify: ${JSON.stringify(done)}`)
  await jobs.close()
  await audit.close()
  return total / seconds
}

/** Reads every row in order and hashes bytes and payload; nothing else. */
const scan = (): number => {
  const db = new Database(join(folder, 'audit.db'), { readonly: true })
  const rows = db.prepare(
    `select entry.bytes as body, payload.bytes as payload from entry join payload
     on payload.chain = entry.chain and payload.sequence = entry.sequence where entry.chain = ? order by entry.sequence`,
  )
  const started = performance.now()
  let count = 0
  for (const row of rows.iterate(CHAIN) as IterableIterator<{ body: Buffer; payload: Buffer }>) {
    createHash('sha256').update(row.body).digest()
    createHash('sha256').update(row.payload).digest()
    count += 1
  }
  db.close()
  return (count * 1000) / (performance.now() - started)
}

/** A chain's signatures are all different; one that comes again and again is what a processor's guesses get used to. */
const DIFFERENT = 1024

/** Ed25519 verifications a second of one thread, which makes so many of them. */
const verifySignatures = (count: number): number => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signed = Array.from({ length: DIFFERENT }, () => {
    const data = randomBytes(800)
    return { data, signature: sign(null, data, privateKey) }
  })
  const key = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' }))
  const started = performance.now()
  for (let done = 0; done < count; done += 1) {
    const one = signed[done % DIFFERENT]
    if (!one || !verify(null, one.data, key, one.signature)) throw new Error('signature')
  }
  return (count * 1000) / (performance.now() - started)
}

const countEntries = (): number => {
  const db = new Database(join(folder, 'audit.db'), { readonly: true })
  const count = db.prepare('select count(*) from entry where chain = ?').pluck().get(CHAIN) as number
  db.close()
  return count
}

/** As many signatures as there are entries: a processor that works for minutes is slower than one that began just now. */
const onAllCores = async (): Promise<number> => {
  const cores = cpus()
  const count = Math.ceil(countEntries() / cores.length)
  const each = cores.map(
    () =>
      new Promise<number>((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: count })
        worker.once('message', resolve)
        worker.once('error', reject)
      }),
  )
  return (await Promise.all(each)).reduce((total, perSecond) => total + perSecond, 0)
}

const measure = (): Promise<number> | number => {
  if (what === 'scan') return scan()
  return what === 'signatures' ? onAllCores() : verifyStored(what as 'quick' | 'full')
}

const MB = 1024 * 1024

if (isMainThread) {
  const beforeMb = process.memoryUsage().rss / MB
  const perSecond = await measure()
  const rssMb = process.resourceUsage().maxRSS / 1024
  process.stdout.write(JSON.stringify({ perSecond, rssMb, grownMb: rssMb - beforeMb }))
  process.exit(0)
} else {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage(verifySignatures(workerData as number))
}
