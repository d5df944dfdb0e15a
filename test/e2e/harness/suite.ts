import { describe, it } from 'vitest'
import { findElectron } from '../../../main/launch/windows.ts'
import { describeWith } from '../../parts.ts'

export const HOST = process.env['COUNTERSIGN_E2E_HOST'] === 'electron' ? 'electron' : 'browser'

/** System parts of every suite; those with real readers need more. */
const PARTS = { virtual: ['chromium', 'openssl'], pcsc: ['chromium', 'openssl', 'pcscd', 'vsmartcard-vpcd', 'opensc'] }

/** A suite in the host that was asked for, or one skipped test that says what is missing. */
export function describeDesk(cards: 'virtual' | 'pcsc', name: string, suite: () => void): void {
  if (HOST === 'electron' && findElectron() === null)
    describe(name, () => it.skip('needs the Electron binary, which its package could not fetch here', () => undefined))
  else describeWith(PARTS[cards], name, suite)
}
