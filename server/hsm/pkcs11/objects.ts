import pkcs11js, { type Handle, type Template } from 'pkcs11js'
import { keyNameOf } from '../label.ts'
import { codeOf } from './ck-error.ts'
import { CKK_EC_EDWARDS } from './recipes.ts'
import type { Session } from './session-pool.ts'

/** The public half as the token has it, hex; what it means is read by `process/public-key.ts`. */
export type PublicHalf =
  | { readonly type: 'rsa'; readonly modulus: string; readonly exponent: string }
  | { readonly type: 'ec'; readonly parameters: string; readonly point: string }

/** A key object. `public` is null where the token has no public half of it that can be read. */
export interface KeyObject {
  readonly label: string
  readonly id: string
  readonly kind: 'private' | 'secret'
  readonly public: PublicHalf | null
}

const MAX_LISTED = 500

/** A label, or `id:` and hex; see `label.ts`. */
export const nameTemplate = (objectClass: number, name: string): Template => [
  { type: pkcs11js.CKA_CLASS, value: objectClass },
  name.startsWith('id:')
    ? { type: pkcs11js.CKA_ID, value: Buffer.from(name.slice(3), 'hex') }
    : { type: pkcs11js.CKA_LABEL, value: name },
]

export function search({ cryptoki, handle }: Session, template: Template, most = 2): Handle[] {
  cryptoki.C_FindObjectsInit(handle, template)
  try {
    const found: Handle[] = []
    // Modules may give fewer than asked for; none means the end (PKCS#11 2.40, 5.7.4).
    while (found.length < most) {
      const next = cryptoki.C_FindObjects(handle, most - found.length)
      if (next.length === 0) break
      found.push(...next)
    }
    return found
  } finally {
    cryptoki.C_FindObjectsFinal(handle)
  }
}

/** Attributes one by one: one that the object does not have must not hide the others. Null for such a one. */
const attributes = ({ cryptoki, handle }: Session, object: Handle, ...types: number[]): (Buffer | null)[] =>
  types.map((type) => {
    try {
      const [item] = cryptoki.C_GetAttributeValue(handle, object, [{ type }])
      return item?.value as Buffer
    } catch (error) {
      const code = codeOf(error)
      if (code === pkcs11js.CKR_ATTRIBUTE_TYPE_INVALID || code === pkcs11js.CKR_ATTRIBUTE_SENSITIVE) return null
      throw error
    }
  })

const hex = (value: Buffer | null | undefined): string => value?.toString('hex') ?? ''

function publicHalf(session: Session, object: Handle): PublicHalf | null {
  const [type] = attributes(session, object, pkcs11js.CKA_KEY_TYPE)
  const keyType = type?.readUInt32LE(0)
  if (keyType === pkcs11js.CKK_RSA) {
    const [modulus, exponent] = attributes(session, object, pkcs11js.CKA_MODULUS, pkcs11js.CKA_PUBLIC_EXPONENT)
    return modulus && exponent ? { type: 'rsa', modulus: hex(modulus), exponent: hex(exponent) } : null
  }
  if (keyType !== pkcs11js.CKK_EC && keyType !== CKK_EC_EDWARDS) return null
  const [parameters, point] = attributes(session, object, pkcs11js.CKA_EC_PARAMS, pkcs11js.CKA_EC_POINT)
  return parameters && point ? { type: 'ec', parameters: hex(parameters), point: hex(point) } : null
}

/** The public half of a private key: of the public key with its id and label, or of the private key itself (RSA). */
function publicHalfOf(session: Session, key: Handle, label: string, id: string): PublicHalf | null {
  const partner = [
    ...(id === '' ? [] : search(session, nameTemplate(pkcs11js.CKO_PUBLIC_KEY, `id:${id}`))),
    ...(label === '' ? [] : search(session, nameTemplate(pkcs11js.CKO_PUBLIC_KEY, label))),
  ][0]
  return publicHalf(session, partner ?? key)
}

export function describeKey(session: Session, object: Handle, kind: KeyObject['kind']): KeyObject {
  const [rawLabel, rawId] = attributes(session, object, pkcs11js.CKA_LABEL, pkcs11js.CKA_ID)
  const label = rawLabel?.toString('utf8') ?? ''
  const id = hex(rawId)
  return { label, id, kind, public: kind === 'secret' ? null : publicHalfOf(session, object, label, id) }
}

/** Private and secret keys of the token that can be asked for by a name, at most 500. */
export function listKeys(session: Session): KeyObject[] {
  const classes = [
    ['private', pkcs11js.CKO_PRIVATE_KEY],
    ['secret', pkcs11js.CKO_SECRET_KEY],
  ] as const
  return classes
    .flatMap(([kind, value]) =>
      search(session, [{ type: pkcs11js.CKA_CLASS, value }], MAX_LISTED).map((object) =>
        describeKey(session, object, kind),
      ),
    )
    .filter(({ label, id }) => keyNameOf(label, id) !== null)
    .slice(0, MAX_LISTED)
}
