import { existsSync, readdirSync } from 'node:fs'

/** Debian package by a file it brings; `*` stands for one folder. */
const PARTS: Readonly<Record<string, string>> = {
  pcscd: '/usr/sbin/pcscd',
  'vsmartcard-vpcd': '/usr/lib/pcsc/drivers/serial/libifdvpcd.so',
  opensc: '/usr/bin/pkcs11-tool',
  'opensc-pkcs11': '/usr/lib/*/opensc-pkcs11.so',
  'util-linux': '/usr/bin/unshare',
}

/** Debian packages the card suites need and this machine has not. */
export function missingParts(): string[] {
  return Object.entries(PARTS)
    .filter(([, path]) => find(path) === null)
    .map(([name]) => name)
}

/** The PKCS#11 module of OpenSC, null where it is not installed. */
export const openscModule = (): string | null => find(PARTS['opensc-pkcs11'] ?? '')

function find(path: string): string | null {
  const [before, after] = path.split('*')
  if (after === undefined) return existsSync(path) ? path : null
  if (before === undefined || !existsSync(before)) return null
  const folder = readdirSync(before).find((name) => existsSync(`${before}${name}${after}`))
  return folder === undefined ? null : `${before}${folder}${after}`
}
