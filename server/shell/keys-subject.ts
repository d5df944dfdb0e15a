import { AppError } from '../../shared/contract/index.ts'
import type { NameAttribute, NameAttributeType } from '../../shared/pki/index.ts'

const TYPES: readonly NameAttributeType[] = [
  'CN',
  'SN',
  'givenName',
  'serialNumber',
  'C',
  'L',
  'ST',
  'O',
  'OU',
  'title',
  'DC',
  'UID',
  'emailAddress',
  'organizationIdentifier',
]
const MAX_VALUE = 200
const wrong = (): AppError => new AppError('REQUEST_INVALID', { path: '--subject', reason: 'malformed' })

/** Commas and plus signs inside a value are written with a backslash before them. */
const parts = (text: string): string[] => text.match(/(?:\\.|[^,\\])+/gsu) ?? []

/**
 * A distinguished name as people write it: `C=IT,O=Regione,CN=Exports`, in the order of the certificate. Throws
 * REQUEST_INVALID.
 */
export const parseSubject = (text: string): readonly NameAttribute[] => {
  if (/(^|[^\\])(\\\\)*\\$/.test(text) || /^,|,$|,,/.test(text)) throw wrong()
  const attributes = parts(text).map((part): NameAttribute => {
    const [, name = '', raw = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/su.exec(part) ?? []
    const type = TYPES.find((one) => one.toLowerCase() === name.toLowerCase())
    const value = raw.replace(/\\(.)/gsu, '$1')
    if (!type || value === '' || value.length > MAX_VALUE || /\p{Cc}/u.test(value)) throw wrong()
    return { type, value }
  })
  if (attributes.length === 0) throw wrong()
  return attributes
}
