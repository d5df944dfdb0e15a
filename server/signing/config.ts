import { z } from 'zod'

const KEY_ALGORITHMS = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
] as const

/** A host, or a host and a port other than that of its scheme; IPv6 in brackets. */
const Host = z
  .string()
  .max(260)
  .regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?$/)

/** How exports are signed, and who may be asked whether certificates are revoked. */
export const signingConfig = z.strictObject({
  key: z
    .strictObject({
      /** In the key store; `id:` and the CKA_ID for a key that others made. */
      label: z
        .string()
        .regex(/^([a-z0-9.-]{1,32}|id:([0-9a-f]{2}){1,64})$/)
        .default('export'),
      /** Of the key that is made where there is none of that label. */
      algorithm: z.enum(KEY_ALGORITHMS).default('ecdsa-p256'),
      /** How an RSA key signs. More programs know PKCS#1. */
      rsaPadding: z.enum(['pkcs1', 'pss']).default('pkcs1'),
    })
    .prefault({}),
  /** PEM: whom a certificate that was not issued by our own CA must lead to. */
  trustFile: z.string().min(1).max(1000).optional(),
  revocation: z
    .strictObject({
      /** Hosts of OCSP responders and revocation lists that may be asked; certificates name them, so anybody could. */
      hosts: z.array(Host).max(100).default([]),
      /** May these hosts have private, loopback or link-local addresses? */
      privateAddresses: z.boolean().default(false),
      timeoutMs: z.int().min(500).max(60_000).default(10_000),
      maxBytes: z
        .int()
        .min(4096)
        .max(64 * 1024 * 1024)
        .default(8 * 1024 * 1024),
    })
    .prefault({}),
})
export type SigningConfig = Readonly<z.output<typeof signingConfig>>
