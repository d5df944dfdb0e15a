import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runScript } from '../../main/launch/processes.ts'
import { ROOT } from '../../main/launch/setup.mjs'

const FOLDER = join(ROOT, 'test/bench/hypercore')

/** Whether hypercore is there, installed from its own lockfile where it is not; says so where that fails. */
export const ensureHypercore = (): boolean => {
  if (existsSync(join(FOLDER, 'node_modules/hypercore'))) return true
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER, shell: process.platform === 'win32' })
  if (done.status === 0) return true
  process.stderr.write('hypercore could not be installed: audit.append.hypercore is left out\n')
  return false
}

/** Single appends a second of blocks of that size. */
export const appendToHypercore = async (count: number, bytes: number): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-hypercore-'))
  try {
    const out = await runScript('test/bench/hypercore/append.mjs', [folder, String(count), String(bytes)])
    return (JSON.parse(out) as { perSecond: number }).perSecond
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
