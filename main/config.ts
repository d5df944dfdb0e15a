import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import { AppError, Id, Text } from '../shared/contract/index.ts'

const path = z.string().min(1).max(4096)

/** The desk's configuration file (JSON). Paths may be relative to the file. Unknown keys are refused. */
export const DeskConfig = z.strictObject({
  server: z.strictObject({
    url: z.url({ protocol: /^https$/ }).refine((url) => new URL(url).pathname === '/', 'no path'),
    /** The name the server must give itself in its challenge. */
    name: Text(200),
    /** PEM: the only authority whose TLS certificates are believed. */
    caFile: path,
  }),
  station: z.strictObject({
    id: Id,
    name: Text(200),
    /** PKCS#8 PEM of the station's P-256 key; readable by its owner only. */
    keyFile: path,
  }),
  /** Local store, logs and the store's key. */
  dataFolder: path,
  readers: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('pcsc') }),
    /** `module`: an ES module that makes virtual readers (demonstration and tests); `folder`: where its cards live. */
    z.strictObject({ kind: z.literal('virtual'), module: path, folder: path }),
  ]),
  /** The built screen; left out: the one this program came with. Electron always shows its own. */
  rendererFolder: path.optional(),
  /** Folder of the table of known cards and PKCS#11 modules; left out: the one this program came with. */
  cardTable: path.optional(),
  /**
   * Alarms of this desk as a witness that the security officer explained, by the ids that the screen shows. Here, not
   * on the screen: who works at the desk must not be able to put an alarm away.
   */
  explainedAlarms: z.array(Id).max(100).optional(),
  /** Language of a first start in Electron; people change it on the screen. Left out: the system's. */
  language: z.enum(['en', 'it']).optional(),
})
/** What the program brings, where the file does not say otherwise. */
export interface Brought {
  rendererFolder: string
  cardTable: string
}
export type DeskConfig = z.infer<typeof DeskConfig> & Brought
const BESIDE_SOURCE: Brought = {
  rendererFolder: resolve(import.meta.dirname, '../out/renderer'),
  cardTable: resolve(import.meta.dirname, '../resources/cards'),
}

/**
 * Reads and checks a configuration file; gives it frozen, with absolute paths. Throws CONFIG_INVALID with the first
 * wrong field in `detail`, never its value.
 */
export function readConfig(file: string, brought: Brought = BESIDE_SOURCE): DeskConfig {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { file, reason: 'unreadable' }, { cause })
  }
  return parseConfig(raw, dirname(resolve(file)), brought)
}

/** As `readConfig`, of a value; `base` is where relative paths start. */
export function parseConfig(raw: unknown, base: string, brought: Brought = BESIDE_SOURCE): DeskConfig {
  const parsed = DeskConfig.safeParse(raw)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue ? [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.') : ''
    throw new AppError('CONFIG_INVALID', { field, reason: issue?.code ?? 'invalid' })
  }
  const at = (file: string) => (isAbsolute(file) ? file : resolve(base, file))
  const c = parsed.data
  const { readers } = c
  return deepFreeze({
    ...c,
    server: { ...c.server, url: new URL(c.server.url).origin, caFile: at(c.server.caFile) },
    station: { ...c.station, keyFile: at(c.station.keyFile) },
    dataFolder: at(c.dataFolder),
    rendererFolder: at(c.rendererFolder ?? brought.rendererFolder),
    cardTable: at(c.cardTable ?? brought.cardTable),
    readers: readers.kind === 'pcsc' ? readers : { ...readers, module: at(readers.module), folder: at(readers.folder) },
  })
}

/** The station's key. Refuses (CONFIG_INVALID) another kind of key and, where files have modes, one others may read. */
export function readStationKey(file: string): KeyObject {
  let key: KeyObject
  let mode: number
  try {
    mode = statSync(file).mode
    key = createPrivateKey(readFileSync(file))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { field: 'station.keyFile', reason: 'unreadable' }, { cause })
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new AppError('CONFIG_INVALID', { field: 'station.keyFile', reason: 'readable-by-others' })
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new AppError('CONFIG_INVALID', { field: 'station.keyFile', reason: 'not-p256' })
  return key
}

/** PEM text of the trust anchor. Throws CONFIG_INVALID. */
export function readAnchor(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8')
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { field: 'server.caFile', reason: 'unreadable' }, { cause })
  }
  throw new AppError('CONFIG_INVALID', { field: 'server.caFile', reason: 'not-pem' })
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
