import { randomInt } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** All a card remembers without power, as it lies in its file. */
export interface CardState {
  format: 1
  label: string
  /** As printed on the card, decimal. */
  serial: number
  version: [number, number, number]
  /** Knows the de-facto vendor commands (F7 F8 FA FB FD FF). */
  vendor: boolean
  pin: Code
  puk: Code
  managementKey: { algorithm: number; key: string }
  /** Data objects by tag (upper-case hex), value hex. */
  objects: Record<string, string>
  /** Key pairs by slot (upper-case hex), private key PKCS#8 base64. */
  keys: Record<string, { algorithm: number; pkcs8: string }>
}
export interface Code {
  /** Eight bytes, hex, padded with FF. */
  value: string
  tries: number
  max: number
}

export interface CardOptions {
  label?: string
  serial?: number
  vendor?: boolean
  /** Management key algorithm from the factory: 0x03 3DES, 0x08 / 0x0A / 0x0C AES-128/192/256. */
  managementAlgorithm?: number
}

export const DEFAULT_PIN = '123456'
export const DEFAULT_PUK = '12345678'
/** The 24 bytes makers ship; the first 16 for AES-128, continued for AES-256. */
export const DEFAULT_MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'
export const MANAGEMENT_CIPHERS: Readonly<Record<number, { cipher: string; bytes: number; block: number }>> = {
  0x03: { cipher: 'des-ede3-ecb', bytes: 24, block: 8 },
  0x08: { cipher: 'aes-128-ecb', bytes: 16, block: 16 },
  0x0a: { cipher: 'aes-192-ecb', bytes: 24, block: 16 },
  0x0c: { cipher: 'aes-256-ecb', bytes: 32, block: 16 },
}

export const padCode = (code: string): string => Buffer.from(code, 'ascii').toString('hex').padEnd(16, 'f')

export function defaultManagementKey(algorithm: number): string {
  const bytes = MANAGEMENT_CIPHERS[algorithm]?.bytes ?? 24
  return (DEFAULT_MANAGEMENT_KEY + DEFAULT_MANAGEMENT_KEY).slice(0, bytes * 2)
}

/** A card as it leaves the factory. */
export function factoryState(options: CardOptions = {}): CardState {
  const algorithm = options.managementAlgorithm ?? 0x0a
  return {
    format: 1,
    label: options.label ?? 'Virtual card',
    serial: options.serial ?? randomInt(10_000_000, 99_999_999),
    version: [5, 7, 1],
    vendor: options.vendor ?? true,
    pin: { value: padCode(DEFAULT_PIN), tries: 3, max: 3 },
    puk: { value: padCode(DEFAULT_PUK), tries: 3, max: 3 },
    managementKey: { algorithm, key: defaultManagementKey(algorithm) },
    objects: {},
    keys: {},
  }
}

export function readState(file: string): CardState {
  const state = JSON.parse(readFileSync(file, 'utf8')) as CardState
  if (state.format !== 1) throw new Error(`not a card file: ${file}`)
  return state
}

/** Written beside and renamed, so that a process killed in between leaves the state before or the state after. */
export function writeState(file: string, state: CardState): void {
  const next = `${file}.${process.pid}.tmp`
  writeFileSync(next, `${JSON.stringify(state, null, 1)}\n`)
  renameSync(next, file)
}
