/** What stands for a number nobody gave a text to: no signed name is empty, so it is never taken for one. */
export const NO_WORD = ''

/** Enough of a signature that no two are ever taken for one; its end, since all ECDSA signatures begin alike. */
const PREVIOUS_BYTES = 16

/** What of the signature before is kept in a column of its own, unique in its chain; the bytes hold the whole. */
export const shortSignature = (signature: Uint8Array): Uint8Array => signature.subarray(-PREVIOUS_BYTES)

/** Whether this is what is kept of a signature; nothing is made for it. */
export const isShortSignature = (kept: Uint8Array, signature: Uint8Array): boolean => {
  const from = Math.max(0, signature.length - PREVIOUS_BYTES)
  if (kept.length !== signature.length - from) return false
  for (let place = 0; place < kept.length; place += 1) if (kept[place] !== signature[from + place]) return false
  return true
}
