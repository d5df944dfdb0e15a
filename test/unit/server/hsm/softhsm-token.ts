import { join } from 'node:path'
import type { KeyStoreConfig } from '../../../../server/hsm/index.ts'
import { softHsmOrReason } from './folders.ts'

export const libraryPath = softHsmOrReason() ?? ''

/** Tokens of one folder, and how each is opened. */
export const tokensIn = (folder: string) => ({
  token: (label: string) => ({
    libraryPath,
    tokenDir: join(folder, 'tokens'),
    label,
    pinFile: join(folder, `${label}.pin`),
    soPinFile: join(folder, `${label}.so-pin`),
  }),
  configOf: (label: string) =>
    ({
      kind: 'hsm',
      libraryPath,
      tokenLabel: label,
      pinFile: join(folder, `${label}.pin`),
      softHsmTokenDir: join(folder, 'tokens'),
      timeoutMs: 10_000,
      sessions: 4,
    }) as const satisfies KeyStoreConfig,
})
