import { refuse } from './pki-error.ts'

export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL' | 'CMS' | 'PUBLIC KEY'

/** RFC 7468 text of a DER value. Not for private keys, which have no business as text. */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  let binary = ''
  for (const octet of der) binary += String.fromCharCode(octet)
  const lines = btoa(binary).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** Every block of the label, DER, in order. Throws PkiError `malformed` where there is none. */
export function decodePem(label: PemLabel, text: string): Uint8Array[] {
  const pattern = new RegExp(`-----BEGIN ${label}-----\\s*([A-Za-z0-9+/=\\s]+?)-----END ${label}-----`, 'g')
  const blocks = [...text.matchAll(pattern)].map(([, body = '']) => decodeBody(body.replace(/\s/g, '')))
  return blocks.length > 0 ? blocks : refuse('malformed', 'RFC 7468', { label })
}

function decodeBody(base64: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) refuse('malformed', 'RFC 7468: base64')
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
