// Preparing attribute values for comparison: RFC 4518 as RFC 5280 7.1 asks for.

/** RFC 4518 2.2: mapped to nothing: controls, invisible formatting, variation selectors. Spaces are mapped before. */
const NOTHING = /\p{Cc}|\p{Cf}|\p{Variation_Selector}|\u034f|\u1806|\ufffc/gu
/** RFC 4518 2.2: mapped to a space; line ends, tabs and separators. */
const SPACE = /[\t-\r\u0085\p{Z}]/gu
/** RFC 4518 2.4: whatever holds one of these equals nothing but its own encoding. */
const PROHIBITED = /[\p{Cn}\p{Co}\p{Cs}\ufffd]/u
const PLAIN = /^[\x20-\x7e]*$/

/**
 * Two values of a name are the same where these are (RFC 5280 7.1: RFC 4518 without case, with spaces folded), or null
 * where the value cannot be compared and only equal octets count.
 */
export function comparableText(text: string): string | null {
  if (PLAIN.test(text)) return foldSpaces(text.toLowerCase())
  const mapped = text.replace(SPACE, ' ').replace(NOTHING, '')
  // Folding can undo the normal form and the other way round: RFC 3454 B.2 folds, normalises and folds again.
  const folded = foldCase(foldCase(mapped).normalize('NFKC')).normalize('NFKC')
  return PROHIBITED.test(folded) ? null : foldSpaces(folded)
}

/** Simple lower case, and the two letters where RFC 3454 B.2 goes further. */
const foldCase = (text: string): string => text.toLowerCase().replace(/ß/g, 'ss').replace(/ς/g, 'σ')

const foldSpaces = (text: string): string => text.trim().replace(/ {2,}/g, ' ')
