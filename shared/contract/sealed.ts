import { z } from 'zod'

/**
 * A secret on its way to the card worker: compact JWE (RFC 7516), ECDH-ES + A256GCM, to the worker's ephemeral
 * P-256 key. Screens seal PINs and the server seals vault codes with it, so that no process between ever holds one.
 * Plain text is `SealedContent` as JSON. The worker refuses an id seen before and another use than the one asked for.
 */
export const Sealed = z
  .string()
  .max(4096)
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/)
export type Sealed = z.infer<typeof Sealed>

export const SealedUse = z.enum(['pin', 'new-pin', 'change-pin', 'card-secrets', 'puk'])
export type SealedUse = z.infer<typeof SealedUse>

/** 6 to 8 digits, padded to 8 bytes with FF on the card (NIST SP 800-73-4 part 2, §2.4.3). */
export const PIN_PATTERN = /^[0-9]{6,8}$/

export const SealedContent = z.strictObject({
  use: SealedUse,
  jti: z.string().min(16).max(64),
  /** Serial of the card the secret is for; null where the card is not known before (a PIN typed by its owner). */
  card: z.string().max(64).nullable(),
  values: z.strictObject({
    pin: z.string().regex(PIN_PATTERN).optional(),
    newPin: z.string().regex(PIN_PATTERN).optional(),
    puk: z
      .string()
      .regex(/^[0-9]{8}$/)
      .optional(),
    managementKey: z
      .string()
      .regex(/^[0-9a-f]{32,64}$/)
      .optional(),
  }),
})
export type SealedContent = z.infer<typeof SealedContent>
/** Header of every sealed secret. */
export const SEALED_HEADER = { alg: 'ECDH-ES', enc: 'A256GCM', typ: 'countersign-sealed' } as const
