import { toHex } from './bytes.ts'
import {
  contextTag,
  DerCursor,
  readBoolean,
  readDer,
  readIntegerOctets,
  readOctets,
  readOid,
  readPositiveHex,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import { parseExtensionItems } from './extension.ts'
import { refuse } from './pki-error.ts'
import { hashOctets, parseHash } from './signature.ts'
import type { MessageImprint } from './tsp-request.ts'

const MAX_INFO_BYTES = 16 * 1024

/** TSTInfo (RFC 3161 2.4.2): what the authority says. Believe it only from `verifyTimeStampToken`. */
export interface TimeStampInfo {
  /** Dotted OID of the policy under which the token was made. */
  readonly policy: string
  readonly imprint: MessageImprint
  /** Lower-case hex. */
  readonly serial: string
  /** Cut to milliseconds; `genTimeText` has all digits. */
  readonly genTime: Date
  /** GeneralizedTime as signed. */
  readonly genTimeText: string
  /** Deviation either way in microseconds, or null where the authority says nothing (its policy may). */
  readonly accuracyMicros: number | null
  readonly ordering: boolean
  /** Lower-case hex without leading zero octets, or null. */
  readonly nonce: string | null
  /** The GeneralName by which the authority names itself. */
  readonly authority: DerNode | null
}

/** Throws PkiError `malformed`, `unsupported-version`, `critical-extension`, and `weak-hash` for a SHA-1 imprint. */
export function parseTimeStampInfo(der: Uint8Array): TimeStampInfo {
  const fields = sequence(readDer(der, MAX_INFO_BYTES), 'TSTInfo')
  const version = readSmallInteger(fields.next())
  if (version !== 1) refuse('unsupported-version', 'RFC 3161 2.4.2: TSTInfo', { version })
  const policy = readOid(fields.next())
  const imprint = readMessageImprint(fields.next())
  const serial = readSerial(fields.next())
  const { time, text } = readGenTime(fields.next())
  const accuracy = fields.optional(TAG.sequence)
  const ordering = readOrdering(fields.optional(TAG.boolean))
  const nonceNode = fields.optional(TAG.integer)
  const authority = readAuthority(fields.optional(contextTag(0, true)))
  refuseExtensions(fields.optional(contextTag(1, true)))
  fields.end()
  return {
    policy,
    imprint,
    serial,
    genTime: time,
    genTimeText: text,
    accuracyMicros: accuracy && readAccuracy(sequence(accuracy, 'Accuracy')),
    ordering,
    nonce: nonceNode && readPositiveHex(nonceNode, 64),
    authority,
  }
}

function readMessageImprint(node: DerNode): MessageImprint {
  const fields = sequence(node, 'MessageImprint')
  const hash = parseHash(fields.next())
  const digest = readOctets(fields.next())
  fields.end()
  if (digest.length !== hashOctets(hash)) refuse('malformed', 'RFC 3161 2.4.1: hashedMessage', { hash })
  return { hash, digest }
}

/** Up to 160 bits (2.4.2); zero is allowed, it only has to be unique. */
function readSerial(node: DerNode): string {
  const octets = readIntegerOctets(node)
  if (octets.length > 21 || (octets[0] ?? 0) >= 0x80) refuse('malformed', 'RFC 3161 2.4.2: serialNumber')
  return toHex(octets.length > 1 && octets[0] === 0 ? octets.subarray(1) : octets)
}

const GEN_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,11}[1-9]))?Z$/

/** GeneralizedTime with seconds, in UTC, a fraction without trailing zeros (2.4.2). */
function readGenTime(node: DerNode): { readonly time: Date; readonly text: string } {
  const text = String.fromCharCode(...node.body.subarray(0, 32))
  const parts = node.tag === TAG.generalizedTime && node.body.length <= 28 ? GEN_TIME.exec(text) : null
  if (!parts) return refuse('malformed', 'RFC 3161 2.4.2: genTime')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number)
  const milliseconds = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  time.setUTCHours(hour, minute, second, milliseconds)
  const kept = time.getUTCMonth() === month - 1 && time.getUTCDate() === day
  if (!kept || hour > 23 || minute > 59 || second > 59) refuse('malformed', 'RFC 3161 2.4.2: genTime')
  return { time, text }
}

/** Seconds, milliseconds [0] and microseconds [1] of 1 to 999 each; what is absent counts zero. */
function readAccuracy(fields: DerCursor): number {
  const seconds = fields.optional(TAG.integer)
  const parts = [contextTag(0, false), contextTag(1, false)].map((tag) => {
    const node = fields.optional(tag)
    if (!node) return 0
    const value = readSmallInteger(node, tag)
    return value >= 1 && value <= 999 ? value : refuse('malformed', 'RFC 3161 2.4.2: Accuracy', { value })
  })
  fields.end()
  const [millis = 0, micros = 0] = parts
  return (seconds ? readSmallInteger(seconds) : 0) * 1_000_000 + millis * 1000 + micros
}

function readOrdering(node: DerNode | null): boolean {
  if (!node) return false
  return readBoolean(node) || refuse('malformed', 'X.690 11.5: DEFAULT FALSE encoded')
}

function readAuthority(node: DerNode | null): DerNode | null {
  if (!node) return null
  const fields = new DerCursor(node, contextTag(0, true), 'tsa')
  const name = fields.next()
  fields.end()
  return name
}

/** None is known here, so none may be critical. */
function refuseExtensions(node: DerNode | null): void {
  if (!node) return
  for (const { oid, critical } of parseExtensionItems(
    new DerCursor(node, contextTag(1, true), 'extensions'),
  ).values()) {
    if (critical) refuse('critical-extension', 'RFC 3161 2.4.2: TSTInfo', { oid })
  }
}
