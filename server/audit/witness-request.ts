import { AppError } from '../../shared/contract/errors.ts'
import { parseSignatureLine } from '../../shared/audit/checkpoint.ts'
import type { NoteSignature } from '../../shared/audit/checkpoint.ts'
import { toBase64 } from '../../shared/audit/note-key.ts'
import { postBounded } from '../timestamp/http-post.ts'

/** C2SP tlog-witness `add-checkpoint`: what is sent. */
export interface AddCheckpoint {
  /** Submission prefix. */
  readonly url: string
  /** Size the witness is believed to have seen; 0 where nothing is known. */
  readonly old: number
  readonly proof: readonly Uint8Array[]
  readonly note: string
  readonly timeoutMs: number
}

/** What a witness answers. `conflict`: it saw another size, or (same size) another root. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  | { readonly kind: 'conflict'; readonly size: number }
  | { readonly kind: 'refused'; readonly reason: 'unknown-log' | 'unknown-key' | 'proof' | 'request' | 'failed' }

const MAX_BYTES = 32 * 1024
const REASONS: Readonly<Record<number, 'unknown-log' | 'unknown-key' | 'proof' | 'request'>> = {
  400: 'request',
  403: 'unknown-key',
  404: 'unknown-log',
  422: 'proof',
}

/** The body of `add-checkpoint`. */
export const encodeAddCheckpoint = ({ old, proof, note }: Pick<AddCheckpoint, 'old' | 'proof' | 'note'>): string =>
  [`old ${old}`, ...proof.map(toBase64), '', note].join('\n')

const malformed = (reason: string): AppError => new AppError('NETWORK_OFFLINE', { reason })

const parseLines = (text: string): readonly NoteSignature[] => {
  try {
    if (!text.endsWith('\n')) throw malformed('cosignature')
    return text.slice(0, -1).split('\n').map(parseSignatureLine)
  } catch (cause) {
    throw new AppError('NETWORK_OFFLINE', { reason: 'cosignature' }, { cause })
  }
}

const parseSize = (text: string): number => {
  const match = /^(0|[1-9][0-9]{0,15})\n$/.exec(text)
  const size = Number(match?.[1])
  if (!match || !Number.isSafeInteger(size)) throw malformed('conflict')
  return size
}

/** Sends a checkpoint to a witness once. Lines are parsed, not verified. Throws NETWORK_OFFLINE. */
export const addCheckpoint = async (request: AddCheckpoint): Promise<WitnessAnswer> => {
  const { url, timeoutMs } = request
  const { status, bytes } = await postBounded({
    url: `${url.replace(/\/$/, '')}/add-checkpoint`,
    type: 'text/plain; charset=utf-8',
    body: new TextEncoder().encode(encodeAddCheckpoint(request)),
    timeoutMs,
    maxBytes: MAX_BYTES,
  })
  const text = Buffer.from(bytes).toString('utf8')
  if (status === 200) return { kind: 'cosigned', lines: parseLines(text) }
  if (status === 409) return { kind: 'conflict', size: parseSize(text) }
  return { kind: 'refused', reason: REASONS[status] ?? 'failed' }
}
