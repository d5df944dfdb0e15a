const DAY_MS = 86_400_000
/** Before the certificate of the newest time-stamp ends. */
const RENEW_AHEAD_MS = 90 * DAY_MS

/**
 * When the time-stamps of a package want a new one over them, UTC in ms: ahead of the first that ends, also where one of
 * them was known before (`known`). Null where nothing of it ever ends.
 */
export const renewalOf = (known: number | null, end: Date | null): number | null => {
  const of = end === null ? null : end.getTime() - RENEW_AHEAD_MS
  return known === null || of === null ? (known ?? of) : Math.min(known, of)
}
