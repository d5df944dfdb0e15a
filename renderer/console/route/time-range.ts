/** A span of time as a person picks it: reaching back from now, or between two instants; null is all time. */
export const RANGE_PRESETS = ['15m', '1h', '24h', '7d', '30d', '1y'] as const
export type RangePreset = (typeof RANGE_PRESETS)[number]
export type TimeRange =
  | { readonly kind: 'last'; readonly preset: RangePreset }
  | { readonly kind: 'between'; readonly from: number | null; readonly to: number | null }

const MINUTE = 60_000
const PRESET_MS: Readonly<Record<RangePreset, number>> = {
  '15m': 15 * MINUTE,
  '1h': 60 * MINUTE,
  '24h': 1440 * MINUTE,
  '7d': 7 * 1440 * MINUTE,
  '30d': 30 * 1440 * MINUTE,
  '1y': 365 * 1440 * MINUTE,
}
const isPreset = (text: string | null): text is RangePreset =>
  (RANGE_PRESETS as readonly (string | null)[]).includes(text)

/** The instants to ask the server for, in ms. */
export const resolveRange = (range: TimeRange | null, now: number): { from?: number; to?: number } => {
  if (range === null) return {}
  if (range.kind === 'last') return { from: now - PRESET_MS[range.preset] }
  return { ...(range.from === null ? {} : { from: range.from }), ...(range.to === null ? {} : { to: range.to }) }
}

const instant = (text: string | null): number | null => {
  const ms = text === null ? Number.NaN : Date.parse(text)
  return Number.isFinite(ms) && ms >= 0 ? ms : null
}

/** `last=24h`, or `from` and `to` in ISO 8601 UTC; what cannot be read is left out. */
export const parseRange = (search: URLSearchParams): TimeRange | null => {
  const preset = search.get('last')
  if (isPreset(preset)) return { kind: 'last', preset }
  const from = instant(search.get('from'))
  const to = instant(search.get('to'))
  return from === null && to === null ? null : { kind: 'between', from, to }
}

export const writeRange = (search: URLSearchParams, range: TimeRange | null): void => {
  if (range === null) return
  if (range.kind === 'last') search.set('last', range.preset)
  else {
    if (range.from !== null) search.set('from', new Date(range.from).toISOString())
    if (range.to !== null) search.set('to', new Date(range.to).toISOString())
  }
}
