// Eight tables, so that eight bytes are taken at a time (the CRC-32 of APPNOTE 4.4.7, polynomial 0xEDB88320 reflected).
const TABLES = Array.from({ length: 8 }, () => new Int32Array(256))

const fill = (): void => {
  const [first] = TABLES
  if (!first) return
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    first[byte] = value
  }
  for (let table = 1; table < 8; table += 1)
    for (let byte = 0; byte < 256; byte += 1) {
      const before = TABLES[table - 1]![byte]!
      TABLES[table]![byte] = (before >>> 8) ^ first[before & 255]!
    }
}
fill()
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

/** CRC-32 as ZIP has it; `value` is that of the bytes before, to go on from. */
export const crc32 = (bytes: Uint8Array, value = 0): number => {
  let crc = ~value
  let at = 0
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      T7[low & 255]! ^
      T6[(low >>> 8) & 255]! ^
      T5[(low >>> 16) & 255]! ^
      T4[low >>> 24]! ^
      T3[bytes[at + 4]!]! ^
      T2[bytes[at + 5]!]! ^
      T1[bytes[at + 6]!]! ^
      T0[bytes[at + 7]!]!
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ T0[(crc ^ bytes[at]!) & 255]!
  return ~crc >>> 0
}
