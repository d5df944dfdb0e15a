/** The card's own reading and writing of BER-TLV, kept apart from the product's on purpose: a shared mistake would hide. */
export class BadTlv extends Error {}

export function put(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts)
  const tagHex = tag.toString(16)
  const head = Buffer.from(tagHex.length % 2 === 1 ? `0${tagHex}` : tagHex, 'hex')
  const size = value.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([head, Buffer.from(length), value])
}

export function take(bytes: Buffer): Map<number, Buffer> {
  const out = new Map<number, Buffer>()
  let at = 0
  const byte = (): number => {
    if (at >= bytes.length) throw new BadTlv()
    return bytes.readUInt8(at++)
  }
  while (at < bytes.length) {
    let tag = byte()
    if ((tag & 0x1f) === 0x1f)
      for (let more = true; more;) {
        const next = byte()
        tag = tag * 256 + next
        more = (next & 0x80) !== 0
      }
    let size = byte()
    if (size > 0x80) {
      let count = size & 0x7f
      for (size = 0; count > 0; count--) size = size * 256 + byte()
    }
    if (at + size > bytes.length) throw new BadTlv()
    out.set(tag, bytes.subarray(at, at + size))
    at += size
  }
  return out
}
