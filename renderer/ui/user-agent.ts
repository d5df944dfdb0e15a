/** Products by the token they put into a user agent; the first that is there names it (Edge calls itself Chrome too). */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bFirefox\/(\d+)/, 'Firefox'],
  [/\b(?:Headless)?Chrome\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)[.\d]* .*Safari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows NT\b/, 'Windows'],
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/** What a browser says of itself, in words; null for a part it does not tell. Written by whoever asks: no proof of anything. */
export function readUserAgent(text: string): { browser: string | null; system: string | null } {
  const browser = BROWSERS.map(([pattern, name]) => {
    const version = pattern.exec(text)?.[1]
    return version === undefined ? null : `${name} ${version}`
  }).find((found) => found !== null)
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1]
  return { browser: browser ?? null, system: system ?? null }
}
