import type { Plugin } from 'vite'

/** Files of `shared` that touch node:crypto, and what stands in for each in a browser. */
const STAND_INS: readonly (readonly [string, string])[] = [
  ['/shared/pki/crypto.ts', 'pki-crypto.ts'],
  ['/shared/ades/hash-state.ts', 'hash-state.ts'],
  ['/shared/audit/crypto.ts', 'audit-crypto.ts'],
  ['/shared/audit/sha256.ts', 'audit-sha256.ts'],
]

/** A path beside this file; of a drive, without the slash that its URL has. */
export const pathBeside = (name: string): string =>
  decodeURIComponent(new URL(name, import.meta.url).pathname).replace(/^\/(?=[A-Za-z]:)/, '')

/** For builds that bring `shared` to a browser; workers need it in their own list of plugins. */
export const browserCrypto = (): Plugin => ({
  name: 'countersign:browser-crypto',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    if (!source.startsWith('.') || importer === undefined) return null
    const found = await this.resolve(source, importer, { ...options, skipSelf: true })
    const id = found?.id.replaceAll('\\', '/').replace(/\?.*$/, '') ?? ''
    const standIn = STAND_INS.find(([file]) => id.endsWith(file))
    return standIn ? pathBeside(`crypto/${standIn[1]}`) : null
  },
})
