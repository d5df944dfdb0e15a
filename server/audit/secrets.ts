import { AppError } from '../../shared/contract/errors.ts'
import type { Json } from '../../shared/audit/json.ts'
import { remembered } from './remembered.ts'

/** Field names, folded to letters, that stand for a secret wherever they appear. */
const SECRET_NAMES = new Set([
  'authorization',
  'ciphertext',
  'codes',
  'cookie',
  'datakey',
  'emergencycode',
  'managementkey',
  'newpin',
  'newpuk',
  'oldpin',
  'passphrase',
  'password',
  'pin',
  'pins',
  'plaintext',
  'privatekey',
  'puk',
  'puks',
  'secret',
  'secretcode',
  'secretkey',
  'secrets',
  'sessiontoken',
  'token',
  'unlockcode',
  'wrappeddatakey',
  'wrappedkey',
])

const fold = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '')

const isSecretName = remembered(10_000, (name) => SECRET_NAMES.has(fold(name)))

/**
 * Refuses a payload in which any field, at any depth, is named like a secret (pin, puk, password, privateKey, …; case,
 * `_` and `-` do not matter), unless its value is null or a boolean ("hasPin: true" style facts travel elsewhere).
 * Always throws INTERNAL with the field's path, never its value: an entry is for ever, so a leak is stopped before it.
 */
export const assertNoSecretFields = (value: Json | null, path = '$'): void => {
  if (value === null || typeof value !== 'object') return
  if (Array.isArray(value)) {
    for (const [place, item] of (value as readonly Json[]).entries()) assertNoSecretFields(item, `${path}[${place}]`)
    return
  }
  const members = value as Readonly<Record<string, Json>>
  for (const name of Object.keys(members)) {
    const item = members[name] ?? null
    if (item === null || typeof item === 'boolean') continue
    if (isSecretName(name)) throw new AppError('INTERNAL', { reason: 'secret-in-audit', field: `${path}.${name}` })
    if (typeof item === 'object') assertNoSecretFields(item, `${path}.${name}`)
  }
}
