import { z } from 'zod'

/** Where keys live. Secrets by reference: a PIN or a passphrase stands in a file of its own, or is asked for. */
export const keyStoreConfig = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('hsm'),
      /** The vendor's PKCS#11 module. */
      libraryPath: z.string().min(1),
      /** Which token; all that is given must fit, and one is needed. */
      tokenLabel: z.string().min(1).max(32).optional(),
      tokenSerial: z.string().min(1).max(16).optional(),
      /** Left out: the PIN is asked for at the terminal, once at the start. */
      pinFile: z.string().min(1).optional(),
      /** SoftHSM2 only: the private token folder made by `initSoftHsmToken`. */
      softHsmTokenDir: z.string().min(1).optional(),
      timeoutMs: z.int().min(100).max(120_000).default(10_000),
      /** Sessions open at the same time; SoftHSM2 gains nothing above 4. */
      sessions: z.int().min(1).max(64).default(4),
    })
    .refine(({ tokenLabel, tokenSerial }) => tokenLabel !== undefined || tokenSerial !== undefined, {
      path: ['tokenLabel'],
    }),
  z.strictObject({
    kind: z.literal('software'),
    folder: z.string().min(1),
    passphraseFile: z.string().min(1),
  }),
])

export type KeyStoreConfig = z.input<typeof keyStoreConfig>
export type HsmConfig = Extract<z.output<typeof keyStoreConfig>, { kind: 'hsm' }>
export type SoftwareStoreConfig = Extract<z.output<typeof keyStoreConfig>, { kind: 'software' }>
