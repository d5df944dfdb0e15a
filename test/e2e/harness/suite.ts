import { describe, it, vi } from 'vitest'
import { findElectron } from '../../../main/launch/windows.ts'
import { describeWith } from '../../parts.ts'

export const HOST = process.env['COUNTERSIGN_E2E_HOST'] === 'electron' ? 'electron' : 'browser'

/** System parts of every suite; those with real readers need more. */
const PARTS = { virtual: ['chromium', 'openssl'], pcsc: ['chromium', 'openssl', 'pcscd', 'vsmartcard-vpcd', 'opensc'] }

/** A story of many screens takes long where everything else runs too; each step has its own patience. */
const STORY_MS = 300_000

/** A suite in the host that was asked for, or one skipped test that says what is missing. */
export function describeDesk(cards: 'virtual' | 'pcsc', name: string, suite: () => void): void {
  vi.setConfig({ testTimeout: STORY_MS, hookTimeout: STORY_MS })
  if (HOST === 'electron' && findElectron() === null)
    describe(name, () => it.skip('needs the Electron binary, which its package could not fetch here', () => undefined))
  else describeWith(PARTS[cards], name, suite)
}
