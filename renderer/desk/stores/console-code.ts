const ALPHABET = /[^B-DF-HJ-NP-TV-Z2-9]/g

/** What was typed as a console's code: upper case, letters and digits of its alphabet, a dash in the middle. */
export function formatConsoleCode(typed: string): string {
  const plain = typed.toUpperCase().replace(ALPHABET, '').slice(0, 8)
  return plain.length > 4 ? `${plain.slice(0, 4)}-${plain.slice(4)}` : plain
}
export const isConsoleCode = (code: string): boolean => /^[B-DF-HJ-NP-TV-Z2-9]{4}-[B-DF-HJ-NP-TV-Z2-9]{4}$/.test(code)
