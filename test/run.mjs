// `npm test`: set-up, system parts, every suite, one last line `N passed, N failed`. Plain JavaScript for the Node that is here.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ensureBuilt,
  ensureInstalled,
  ensureSystemParts,
  installCommand,
  node24,
  ROOT,
  toolEnvironment,
} from '../main/launch/setup.mjs'

const args = process.argv.slice(2)
const only = (flag) => args.includes(flag)
const CI = process.env.CI === 'true'
const total = { passed: 0, failed: 0, skipped: 0 }
const notes = []

/** A tool whose exit code is one test. */
function tool(name, file, toolArgs) {
  const started = Date.now()
  const run = spawnSync(node24(), [join(ROOT, 'node_modules', file), ...toolArgs], {
    cwd: ROOT,
    env: toolEnvironment(),
    stdio: 'inherit',
  })
  const ok = run.status === 0
  total[ok ? 'passed' : 'failed']++
  console.log(`${ok ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  return ok
}

/** Some vitest projects in one run; a run that dies without a report is a failure. */
function suites(projects, environment, files = []) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
  const report = join(folder, 'report.json')
  const filter = [...files, ...args.filter((a) => !a.startsWith('--'))]
  const run = spawnSync(
    node24(),
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config',
      'test/vitest.config.ts',
      ...projects.flatMap((p) => ['--project', p]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--passWithNoTests',
      // One a core: the runner would leave one core idle, which on two cores is half of them.
      `--maxWorkers=${availableParallelism()}`,
      ...filter,
    ],
    { cwd: ROOT, env: toolEnvironment(environment), stdio: 'inherit' },
  )
  if (!existsSync(report)) {
    total.failed++
    notes.push(`${projects.join(', ')}: the test runner ended (${run.status ?? run.signal}) without a report`)
  } else {
    const json = JSON.parse(readFileSync(report, 'utf8'))
    total.passed += json.numPassedTests
    total.failed += json.numFailedTests
    total.skipped += json.numPendingTests + (json.numTodoTests ?? 0)
    // A file that could not be loaded fails without counting a test; an unhandled error fails the run only.
    const broken = json.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
    ).length
    total.failed += broken
    if (run.status !== 0 && json.numFailedTests === 0 && broken === 0) {
      total.failed++
      notes.push(`${projects.join(', ')}: an error outside any test (see above)`)
    }
  }
  rmSync(folder, { recursive: true, force: true })
}

/** Tests that can go on for hours: they ask the environment for SOAK, themselves or by what they fuzz with. */
const soaking = () =>
  readdirSync(join(ROOT, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
    .map((file) => join('test', file))
    .filter((file) => /\bSOAK\b|\/fuzz\.ts'/.test(readFileSync(join(ROOT, file), 'utf8')))

try {
  const quick = only('--check')
  // Before the packages: the compiler is one of the parts, and without it pkcs11js is left out of the installation.
  const missing = quick ? [] : ensureSystemParts(console.log)
  ensureInstalled(console.log)
  if (missing.length > 0) {
    console.log(`\nMissing on this machine: ${missing.join(', ')}. Install with:\n  sudo ${installCommand(missing)}\n`)
    notes.push(`suites that need ${missing.join(', ')} were ${CI ? 'required and so FAILED' : 'skipped'}`)
    if (CI) total.failed += missing.length
  }
  const environment = { COUNTERSIGN_MISSING: missing.join(' '), NODE_OPTIONS: '--disable-warning=ExperimentalWarning' }
  if (only('--electron')) {
    ensureBuilt(console.log)
    suites(['e2e'], { ...environment, COUNTERSIGN_E2E_HOST: 'electron' })
  } else if (only('--soak')) {
    ensureBuilt(console.log)
    suites(['unit', 'integration', 'interop'], { ...environment, SOAK: '1' }, soaking())
  } else {
    tool('types', 'typescript/bin/tsc', ['-b'])
    tool('lint', 'oxlint/bin/oxlint', ['--type-aware', '--deny-warnings', '--quiet'])
    tool('format', 'oxfmt/bin/oxfmt', ['--check'])
    if (!quick) ensureBuilt(console.log)
    suites(['unit', 'architecture'], environment)
    if (!quick) {
      suites(['integration'], environment)
      suites(['interop'], environment)
      suites(['e2e'], environment)
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  total.failed++
}

if (total.skipped > 0) notes.push(`${total.skipped} tests skipped`)
for (const note of notes) console.log(`note: ${note}`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
