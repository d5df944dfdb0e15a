/**
 * `make`, for texts of which the same few come again and again: what it gave for a text is kept, at most `most` of them.
 * A text it throws for is asked for each time.
 */
export const remembered = <T>(most: number, make: (text: string) => T): ((text: string) => T) => {
  const known = new Map<string, { readonly value: T }>()
  return (text) => {
    const found = known.get(text)
    if (found) return found.value
    const value = make(text)
    if (known.size >= most) known.clear()
    known.set(text, { value })
    return value
  }
}
