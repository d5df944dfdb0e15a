import { AppError } from '../contract/errors.ts'
import { bufferOf } from './buffer.ts'

const FORM = /^[A-Za-z0-9_-]*$/

export const encodeBase64url = (bytes: Uint8Array): string => bufferOf(bytes).toString('base64url')

/** RFC 4648 5 without padding; throws REQUEST_INVALID (`base64url`) unless it is the one text its bytes encode to. */
export const decodeBase64url = (text: string): Uint8Array => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64url'))
  if (!FORM.test(text) || encodeBase64url(bytes) !== text)
    throw new AppError('REQUEST_INVALID', { reason: 'base64url' })
  return bytes
}
