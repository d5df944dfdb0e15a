/** Random octets of the key store's own generator. */
export type RandomSource = (bytes: number) => Promise<Uint8Array>

const DIGITS = 8

const isTrivial = (code: string): boolean => {
  const steps = new Set<number>()
  for (let i = 1; i < code.length; i += 1) steps.add((code.charCodeAt(i) - code.charCodeAt(i - 1) + 10) % 10)
  // One step all along: 11111111, 12345678, 98765432, 13579135; or hardly any different digits; or a pair repeated.
  return steps.size === 1 || new Set(code).size < 4 || code.slice(0, 4) === code.slice(4)
}

/** Eight digits, each equally likely (octets over 249 are thrown away), trivial ones refused and drawn again. */
export const makeDigits = async (random: RandomSource): Promise<string> => {
  for (;;) {
    let code = ''
    while (code.length < DIGITS) {
      const bytes = await random(16)
      for (const byte of bytes) if (byte < 250 && code.length < DIGITS) code += String(byte % 10)
      bytes.fill(0)
    }
    if (!isTrivial(code)) return code
  }
}

/** An AES-192 key for card management (NIST SP 800-78-5 table 6-1; also the default of newer tokens), lower-case hex. */
export const makeManagementKey = async (random: RandomSource): Promise<string> => {
  const bytes = await random(24)
  const key = Buffer.from(bytes).toString('hex')
  bytes.fill(0)
  return key
}
