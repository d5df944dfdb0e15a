import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VERSION = '0.38.0'

/**
 * A python with pyHanko, or '' where there is none: the one that COUNTERSIGN_PYHANKO names, or an environment of its own
 * beside the temporary files, made once from Python's registry where that is in reach.
 */
export function findPyhanko(): string {
  const given = process.env['COUNTERSIGN_PYHANKO']
  if (given !== undefined && given !== '') return given
  const folder = join(tmpdir(), `countersign-pyhanko-${VERSION}`)
  const python = join(folder, 'bin', 'python')
  const works = () => existsSync(python) && run(python, '-c', 'import pyhanko')
  if (works()) return python
  mkdirSync(folder, { recursive: true })
  const isMade =
    run('python3', '-m', 'venv', folder) &&
    run(python, '-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', `pyHanko==${VERSION}`)
  return isMade && works() ? python : ''
}

const run = (program: string, ...parameters: readonly string[]): boolean =>
  spawnSync(program, parameters, { stdio: 'ignore', timeout: 120_000 }).status === 0
