// `npm run bench [area …]`: set-up, then the benchmarks on Node 24. JSON lines on standard output, a table on standard error.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, node24, ROOT, toolEnvironment } from '../../main/launch/setup.mjs'

try {
  ensureInstalled()
  ensureBuilt()
  const child = spawn(
    node24(),
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'test/bench/bench.ts'), ...process.argv.slice(2)],
    { cwd: ROOT, env: toolEnvironment(), stdio: 'inherit' },
  )
  child.on('exit', (code) => (process.exitCode = code ?? 1))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
