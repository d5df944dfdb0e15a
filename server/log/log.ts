import pino from 'pino'
import type { DestinationStream, Logger } from 'pino'

export type Log = Logger

/** Members that could hold a secret wherever they turn up; their values never reach a log. */
const REDACTED = [
  'authorization',
  'cookie',
  'pin',
  'puk',
  'managementKey',
  'token',
  'secrets',
  'secret',
  'password',
  'passphrase',
  'proofKey',
  'connectionString',
  '["session-proof"]',
].flatMap((name) => {
  const dot = name.startsWith('[') ? '' : '.'
  return [name, `*${dot}${name}`, `*.*${dot}${name}`]
})

/** Structured log, one JSON line each, on standard error unless `to` is given: standard output is for "ready". */
export const makeLog = (level: string, to: DestinationStream = pino.destination(2)): Log =>
  pino({ level, base: null, redact: { paths: REDACTED, censor: '[redacted]' } }, to)
