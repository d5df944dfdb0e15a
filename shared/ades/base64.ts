import { refuse } from './ades-error.ts'

const CHUNK = 0x60_00

/** RFC 4648 4, without line breaks: one way to write a value. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)))
  }
  return text
}

/** base64Binary (XML Schema 3.2.16): white space is passed over, padding must be there. Throws AdesError `base64`. */
export function decodeBase64(text: string): Uint8Array {
  const packed = text.replace(/[ \t\n\r]+/g, '')
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) refuse('base64', 'RFC 4648 4')
  const binary = atob(packed)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
