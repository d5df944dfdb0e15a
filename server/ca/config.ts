import { z } from 'zod'

const url = z.url({ protocol: /^https?$/ })
const oid = z.string().regex(/^[0-2](\.(0|[1-9]\d*))+$/)
const keyAlgorithm = z.enum(['ecdsa-p256', 'ecdsa-p384', 'rsa-3072', 'rsa-4096'])

/** The internal CA. Names and keys are fixed once it is made; the rest may change between starts. */
export const internalCaConfig = z.strictObject({
  name: z.string().min(1).max(40).default('Countersign'),
  organization: z.string().min(1).max(64),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  keyAlgorithm: keyAlgorithm.default('ecdsa-p384'),
  rootYears: z.int().min(1).max(40).default(20),
  issuingYears: z.int().min(1).max(20).default(10),
  /** Where others fetch the issuing CA's list and certificate; written into every certificate. */
  crlUrls: z.array(url).max(4).default([]),
  caIssuerUrls: z.array(url).max(4).default([]),
  ocspUrls: z.array(url).max(4).default([]),
  /** The root's own list, written into the issuing CA's certificate. */
  rootCrlUrls: z.array(url).max(4).default([]),
  policies: z.array(oid).max(8).default([]),
  crlHours: z.int().min(1).max(720).default(48),
  rootCrlDays: z.int().min(1).max(400).default(180),
})

export type InternalCaConfig = z.output<typeof internalCaConfig>
