// `npm run screenshots [-- --keep]`: walks the main job and an export in Chromium and keeps a picture of each screen it
// meets at 1280×800 and 1920×1080, light and dark, in out/screenshots. With --keep the README's pictures are replaced.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  ensureBuilt,
  ensureInstalled,
  installCommand,
  missingParts,
  node24,
  ROOT,
  toolEnvironment,
} from '../../main/launch/setup.mjs'

const FOLDER = join(ROOT, 'out/screenshots')
const KEPT = {
  'desk.png': '07-statement-1280x800-light.png',
  'console.png': '23-audit-1280x800-light.png',
  'check.png': 'console-check-passed-1280x800-light.png',
}

try {
  ensureInstalled()
  ensureBuilt()
  const missing = missingParts().filter((part) => ['chromium', 'pcscd', 'vsmartcard-vpcd'].includes(part))
  if (missing.length > 0)
    throw new Error(
      `The screens are shown in Chromium over real card readers. Missing: ${missing.join(', ')}. Install with:\n  sudo ${installCommand(missing)}`,
    )
  rmSync(FOLDER, { recursive: true, force: true })
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const run = spawnSync(
    node24(),
    [
      vitest,
      'run',
      '--config',
      'test/vitest.config.ts',
      '--project',
      'e2e',
      'test/e2e/main-job',
      'test/e2e/console-exports',
    ],
    {
      cwd: ROOT,
      env: toolEnvironment({ COUNTERSIGN_E2E_PICTURES: FOLDER, COUNTERSIGN_E2E_LOOK: 'no' }),
      stdio: 'inherit',
    },
  )
  const pictures = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.png')) : []
  console.log(`${pictures.length} pictures in out/screenshots`)
  if (process.argv.includes('--keep'))
    for (const [kept, picture] of Object.entries(KEPT))
      copyFileSync(join(FOLDER, picture), join(ROOT, 'resources/screenshots', kept))
  process.exitCode = run.status ?? 1
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
