import { z } from 'zod'

/** Small strict shapes that many messages share. Text is trimmed NFC without control characters; every length is bounded. */
const noControl = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u
export const Text = (max: number, min = 1) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .min(min)
    .max(max)
    .regex(noControl)
    .refine((s) => s.isWellFormed())
export const Id = z.string().regex(/^[a-z][a-z0-9-]{0,23}_[0-9a-zA-Z-]{8,48}$/)
/** A person who works with the system, by id and name. */
export const OperatorRef = z.strictObject({ id: Id, name: Text(200) })
export const CardSerial = z.string().regex(/^[0-9A-F]{2,64}$/)
export const CertificateSerial = z.string().regex(/^[0-9a-f]{2,40}$/)
export const HexBytes = (maxBytes: number) =>
  z
    .string()
    .regex(/^([0-9a-f]{2})*$/)
    .max(maxBytes * 2)
export const Base64 = (maxBytes: number) => z.base64().max(Math.ceil(maxBytes / 3) * 4)
export const Base64Url = (maxBytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]*$/)
    .max(Math.ceil((maxBytes * 4) / 3))
/** UTC instant, milliseconds since 1970. */
export const TimeMs = z.number().int().min(0).max(253_402_300_799_999)
/** A calendar date with no time zone, `YYYY-MM-DD`. */
export const CalendarDate = z.iso.date()
export const Country = z.string().regex(/^[A-Z]{3}$|^D$/)
export const Cursor = Base64Url(400)
export const ETag = z.string().regex(/^"[0-9]{1,12}"$/)
/** ECDH public key on P-256 as JWK, for the card worker's sealing key and session keys. */
export const PublicJwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().length(43),
  y: z.string().length(43),
  kid: z.string().max(64).optional(),
})
export type PublicJwk = z.infer<typeof PublicJwk>

/** How an entry names what it is about, also where this version knows no such type any more. */
export const NamedObject = {
  objectType: z
    .string()
    .max(40)
    .regex(/^[a-z-]+$/),
  objectId: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9_.:-]+$/),
} as const

export const page = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item), next: Cursor.nullable() })
export type Page<T> = { items: T[]; next: string | null }
export const PageQuery = { cursor: Cursor.optional(), limit: z.coerce.number().int().min(1).max(200).default(50) }

/**
 * Several values of one query parameter: on the wire `a,b`, which is also what an array becomes as text. Each value is
 * parsed by `item`; an empty text is refused.
 */
export const several = <T extends z.ZodType<unknown, string>>(item: T, max = 50) =>
  z
    .union([z.string().transform((text) => text.split(',').map((one) => one.trim())), z.array(z.string())])
    .pipe(z.array(item).min(1).max(max))
