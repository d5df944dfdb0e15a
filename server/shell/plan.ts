import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { AppError, Base64, CardSerial, Role, Slot, Text } from '../../shared/contract/index.ts'

const Key = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
const Scope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('everything') }),
  z.strictObject({ kind: z.literal('division'), key: Key }),
  z.strictObject({ kind: z.literal('office'), key: Key }),
])
const Moment = z.iso.datetime()

/**
 * What `setup` makes. Entities are known by their `key`: a plan run again makes only what is missing, and never
 * changes what is there.
 */
export const Plan = z.strictObject({
  tenant: z.strictObject({ name: Text(100) }),
  /** Parents before their children. */
  divisions: z.array(z.strictObject({ key: Key, name: Text(200), parent: Key.optional() })).min(1),
  offices: z.array(z.strictObject({ key: Key, name: Text(200), division: Key })).min(1),
  /** `publicKey`: SubjectPublicKeyInfo, DER, base64; ECDSA P-256. */
  stations: z.array(z.strictObject({ key: Key, name: Text(200), office: Key, publicKey: Base64(200) })),
  operators: z.array(
    z.strictObject({
      key: Key,
      name: Text(200),
      email: z.email().max(200).optional(),
      grants: z.array(z.strictObject({ role: Role, scope: Scope })).max(20),
      card: z.strictObject({ serial: CardSerial }),
      /** PKCS#10, DER, base64. 9A becomes a sign-in certificate, 9C one for registration records. */
      certificates: z.array(z.strictObject({ slot: Slot, csr: Base64(8192) })).max(4),
      /** For tests: certificates that are not valid now. One of the two; the length is the profile's. */
      validity: z.strictObject({ notBefore: Moment.optional(), notAfter: Moment.optional() }).optional(),
    }),
  ),
})
export type Plan = z.infer<typeof Plan>
export type PlannedOperator = Plan['operators'][number]

/** Throws CONFIG_INVALID naming the first wrong member. */
export const readPlan = (file: string): Plan => {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'unreadable', path: 'plan' }, { cause })
  }
  const parsed = Plan.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = ['plan', ...(issue?.path ?? [])].map(String).join('.')
  throw new AppError('CONFIG_INVALID', { reason: issue?.code ?? 'invalid', path }, { cause: parsed.error })
}

/** What `setup` made, for whoever made the plan. */
export interface SetupResult {
  readonly server: { readonly name: string; readonly url: string; readonly keys: string }
  readonly tenant: { readonly id: string }
  readonly divisions: Readonly<Record<string, string>>
  readonly offices: Readonly<Record<string, string>>
  readonly stations: Readonly<Record<string, string>>
  /** `certificates`: DER, base64, by slot; `serials` the same way. */
  readonly operators: Readonly<
    Record<
      string,
      { readonly id: string; readonly certificates: Record<string, string>; readonly serials: Record<string, string> }
    >
  >
  /** PEM files. */
  readonly rootCertificateFile: string
  readonly tlsCertificateFile: string
}
