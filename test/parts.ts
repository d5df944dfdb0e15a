import { describe } from 'vitest'

/** Debian packages that `npm test` found missing and could not install; suites that need one are skipped, with the reason. */
const missing = new Set((process.env['COUNTERSIGN_MISSING'] ?? '').split(' ').filter((name) => name !== ''))

/** Could this Debian package not be had? */
export const isMissing = (part: string): boolean => missing.has(part)

/** `describe` for a suite that needs system parts: runs it, or counts it as skipped and says which part is missing. */
export function describeWith(parts: readonly string[], name: string, suite: () => void): void {
  const absent = parts.filter((part) => missing.has(part))
  if (absent.length > 0) describe.skip(`${name} (needs ${absent.join(', ')})`, suite)
  else describe(name, suite)
}
