import { X509Certificate } from 'node:crypto'

const OID_ECDSA: Readonly<Record<string, string>> = { 'P-256': '06082a8648ce3d040302', 'P-384': '06082a8648ce3d040303' }
const RSA_SHA256 = '06092a864886f70d01010b0500'

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

/** A certificate for a card's key, signed by that key: enough for a card and its middleware to work with. */
export async function selfSigned(
  spki: Uint8Array,
  sign: (tbs: Uint8Array) => Promise<Uint8Array>,
  commonName = 'Anna Rossi',
): Promise<Uint8Array> {
  const hex = Buffer.from(spki).toString('hex')
  const curve = hex.includes('2a8648ce3d030107') ? 'P-256' : hex.includes('2b81040022') ? 'P-384' : 'RSA'
  const algorithm = der(0x30, Buffer.from(OID_ECDSA[curve] ?? RSA_SHA256, 'hex'))
  const attribute = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(commonName)))
  const name = der(0x30, der(0x31, attribute))
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('350101000000Z')))
  const version = der(0xa0, der(0x02, Buffer.from([2])))
  const serial = der(0x02, Buffer.from([0x11, 0x22, 0x33]))
  const tbs = der(0x30, version, serial, algorithm, name, validity, name, spki)
  const signature = await sign(tbs)
  const certificate = der(0x30, tbs, algorithm, der(0x03, Buffer.from([0]), signature))
  const parsed = new X509Certificate(certificate)
  if (!parsed.verify(parsed.publicKey)) throw new Error('the certificate does not verify under its own key')
  return Uint8Array.from(certificate)
}
