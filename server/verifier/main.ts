import { isMainThread } from 'node:worker_threads'
import { serveSignatures } from './signature-threads.ts'

/** The program, and what its threads run: they check signatures and load nothing else. */
if (isMainThread) {
  const { main } = await import('./run.ts')
  process.exitCode = await main(process.argv.slice(2), new URL(import.meta.url))
} else serveSignatures()
