import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { openFolder, openFile } from '../../server/verifier/disk.ts'
import { SignatureThreads } from '../../server/verifier/signature-threads.ts'
import { LineSplitter, readEvidenceLine } from '../../shared/exports/evidence-read.ts'
import { parseChainFile, verifyPackage, type SignatureJob } from '../../shared/exports/index.ts'
import { parseCertificate } from '../../shared/pki/index.ts'

/**
 * One measurement in a process of its own. `verify`: a package as `countersign-verify` checks it. `raw`: its files
 * digested and the signatures of its entries checked, in as many threads, and nothing else.
 */
const [what = '', folder = '', anchor = ''] = process.argv.slice(2)
const pool = new SignatureThreads(new URL('../../server/verifier/main.ts', import.meta.url))

const verify = async (): Promise<number> => {
  const report = await verifyPackage(await openFolder(folder), {
    anchors: [parseCertificate(new Uint8Array(readFileSync(anchor)))],
    now: new Date(),
    revocation: 'none',
    depth: 'full',
    pool,
    crc32,
  })
  if (report.indication !== 'TOTAL-PASSED')
    throw new Error(JSON.stringify(report.checks.filter((one) => one.subIndication !== null)))
  return Number(report.checks.find(({ check }) => check === 'manifest')?.facts['entries'] ?? 0)
}

const PIECE = 1024 * 1024
const KEY = /"key":"([A-Za-z0-9_-]+)"/
const BATCH = 256

const pieces = async (path: string, use: (piece: Uint8Array) => Promise<void> | void): Promise<void> => {
  const file = await openFile(path)
  for (let at = 0; at < file.size; at += PIECE) await use(await file.read(at, Math.min(PIECE, file.size - at)))
  await file.close()
}

const keysOf = (): ReadonlyMap<string, Uint8Array> => {
  const { keys } = parseChainFile(new Uint8Array(readFileSync(join(folder, 'chains/0.json'))))
  const said = keys.map(
    ({ statement }) => JSON.parse(Buffer.from(statement, 'base64').toString()) as { key: string; spki: string },
  )
  return new Map(said.map(({ key, spki }) => [key, new Uint8Array(Buffer.from(spki, 'base64url'))]))
}

const checked = async (jobs: readonly SignatureJob[]): Promise<void> => {
  if ((await pool.check(jobs)) >= 0) throw new Error('not valid')
}

const raw = async (): Promise<number> => {
  const keys = keysOf()
  const running = new Set<Promise<void>>()
  let [entries, jobs]: [number, SignatureJob[]] = [0, []]
  const send = (): void => {
    const run: Promise<void> = checked(jobs).finally(() => running.delete(run))
    running.add(run)
    jobs = []
  }
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  )
  for (const name of names) {
    const hash = createHash('sha256')
    const splitter = new LineSplitter()
    await pieces(join(folder, name), async (piece) => {
      hash.update(piece)
      if (!name.startsWith('evidence')) return
      for (const line of splitter.push(piece)) {
        const read = readEvidenceLine(line, false)
        if (read.kind === 'hidden') continue
        const key = KEY.exec(Buffer.from(read.body).toString('latin1'))?.[1] ?? ''
        jobs.push({ spki: keys.get(key) ?? new Uint8Array(0), body: read.body, signature: read.signature })
        entries += 1
        if (jobs.length < BATCH) continue
        send()
        while (running.size > pool.size * 2) await Promise.race(running)
      }
    })
    hash.digest()
  }
  send()
  await Promise.all(running)
  return entries
}

const started = performance.now()
const entries = what === 'verify' ? await verify() : await raw()
const seconds = (performance.now() - started) / 1000
await pool.close()
process.stdout.write(
  JSON.stringify({ entries, perSecond: entries / seconds, rssMb: process.resourceUsage().maxRSS / 1024 }),
)
