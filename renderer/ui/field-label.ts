/** "familyName" → "Family name": for fields that have no word of their own in the text. */
const humanise = (name: string): string => {
  const spaced = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_]/g, ' ')
    .toLowerCase()
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}

/**
 * A dotted path as a person reads it, `grants.0.role` → "Grants 1 › Role". `word` gives the language's word of a field
 * or null.
 */
export const fieldLabel = (path: string, word: (name: string) => string | null): string => {
  const parts: string[] = []
  for (const part of path.split('.')) {
    const last = parts.length - 1
    if (/^\d+$/.test(part) && last >= 0) parts[last] = `${parts[last]} ${Number(part) + 1}`
    else parts.push(word(part) ?? humanise(part))
  }
  return parts.join(' › ')
}
