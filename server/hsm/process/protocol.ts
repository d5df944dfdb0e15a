import type { ErrorCode, ErrorDetail } from '../../../shared/contract/errors.ts'
import type { TokenName } from '../pkcs11/module.ts'
import { SIGN_WAYS, type SignWay } from '../pkcs11/recipes.ts'

/** What the process is asked for, as one octet: only ever add at the end. */
export const CALLS = [
  'open',
  'sign',
  'random',
  'describe',
  'has',
  'list',
  'generate',
  'ensureWrappingKey',
  'wrap',
  'unwrap',
  'close',
] as const
export type CallName = (typeof CALLS)[number]

/** How an answer begins: `spent` is an error after which the module must be loaded anew. */
export const ANSWER = { done: 0, failed: 1, spent: 2, login: 3 } as const

/** The first call; the PIN, where it was asked for at the terminal, comes before it, see `packPair`. */
export interface OpenOrder extends TokenName {
  readonly libraryPath: string
  readonly sessions: number
  /** Null: the PIN is in the frame. */
  readonly pinFile: string | null
  readonly salt: string
  readonly refusedPin: string | null
}

/** What failed, in the process, told to the server. `cause` is for the log: the module's own words. */
export interface Failure {
  readonly code: ErrorCode
  readonly detail: ErrorDetail
  readonly cause: string | null
  /** Digest of the PIN that was refused, so that no later process tries it again. */
  readonly refusedPin: string | null
}

export const packJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
export const unpackJson = (body: Buffer): unknown => JSON.parse(body.toString('utf8'))

/** Two parts in one body: the first, at most 255 octets, behind its length. */
export const packPair = (first: Uint8Array, second: Uint8Array): Buffer => {
  const body = Buffer.allocUnsafe(1 + first.length + second.length)
  body.writeUInt8(first.length, 0)
  body.set(first, 1)
  body.set(second, 1 + first.length)
  return body
}
export const unpackPair = (body: Buffer): { readonly first: Buffer; readonly second: Buffer } => {
  const end = 1 + body.readUInt8(0)
  return { first: body.subarray(1, end), second: body.subarray(end) }
}

export const packSign = (name: string, way: SignWay, input: Uint8Array): Buffer => {
  const length = name.length
  const body = Buffer.allocUnsafe(2 + length + input.length)
  body.writeUInt8(SIGN_WAYS.indexOf(way), 0)
  body.writeUInt8(length, 1)
  body.write(name, 2, length, 'latin1')
  body.set(input, 2 + length)
  return body
}
export const unpackSign = (
  body: Buffer,
): { readonly name: string; readonly way: SignWay | undefined; readonly input: Buffer } => {
  const end = 2 + body.readUInt8(1)
  return {
    name: body.toString('latin1', 2, end),
    way: SIGN_WAYS[body.readUInt8(0)],
    input: body.subarray(end),
  }
}
