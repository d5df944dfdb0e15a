import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { resolve } from 'node:path'

/** The page's half of the bridge (`preload/browser-bridge.ts`), as the browser runs it: types stripped, nothing bundled. */
export function readBridgeScript(): Buffer {
  const source = readFileSync(resolve(import.meta.dirname, '../../../preload/browser-bridge.ts'), 'utf8')
  return Buffer.from(stripTypeScriptTypes(source))
}

const TAG = '<script defer src="/bridge/bridge.js"></script>'
/**
 * Puts the bridge first in the page's head. Deferred, it holds back no paint, and runs before the page's own modules:
 * both kinds run in the order they stand in (HTML §4.12.1).
 */
export const withBridge = (page: Buffer): Buffer =>
  Buffer.from(page.toString('utf8').replace(/<head([^>]*)>/i, `<head$1>${TAG}`))
