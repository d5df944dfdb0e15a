import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSoftHsmLibrary } from '../../../../server/hsm/index.ts'

export async function temporaryFolder(): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-hsm-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** The SoftHSM2 module, or null with the reason printed; with CI=true its absence is an error. */
export function softHsmOrReason(): string | null {
  const library = findSoftHsmLibrary()
  if (library) return library
  if (process.env['CI'] === 'true') throw new Error('SoftHSM2 is missing: apt-get install softhsm2')
  console.warn('skipped: SoftHSM2 is missing, install it with: apt-get install softhsm2')
  return null
}

/** The detail reason of an HSM_UNAVAILABLE, or the error's code. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'ok'
  } catch (error) {
    const { code, detail } = error as { code: string; detail?: { reason?: string } }
    return code === 'HSM_UNAVAILABLE' ? (detail?.reason ?? '') : code
  }
}
