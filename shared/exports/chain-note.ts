import { sameBytes } from '../audit/bytes.ts'
import { stampedDigest } from '../audit/checkpoint-stamp.ts'
import { parseCheckpoint, type Checkpoint } from '../audit/checkpoint.ts'
import { findCosignature, parseWitnessKey } from '../audit/cosignature.ts'
import type { VerifySignature } from '../audit/crypto.ts'
import { fromBase64 } from '../audit/note-key.ts'
import { verifyCheckpointNote } from '../audit/note-key-statement.ts'
import { AppError } from '../contract/errors.ts'
import { lastsUntil, readSignedTimeStamp, verifyOutlives, verifyTimeStampToken } from '../pki/index.ts'
import type { ChainFile } from './chain-file.ts'
import { readChainKeys, type ChainKeys } from './chain-keys.ts'
import { judge } from './indication.ts'
import type { ManifestChain } from './manifest.ts'
import { failed, passed, type Check } from './report.ts'
import type { Trust } from './trust.ts'

export interface OpenedChain {
  readonly file: ChainFile
  readonly keys: ChainKeys
  readonly checkpoint: Checkpoint
}

const refused = (reason: string): AppError => new AppError('REQUEST_INVALID', { reason })

/**
 * The checkpoint a chain's lines are held against: signed by the note key, which a key of the key store bound to the
 * origin, and that one endorsed back to the key the origin names; the same that the manifest says. Throws
 * REQUEST_INVALID.
 */
export const openChain = (file: ChainFile, said: ManifestChain, verify: VerifySignature): OpenedChain => {
  if (file.chain !== said.chain || file.origin !== said.origin) throw refused('chain-origin')
  const keys = readChainKeys(file, verify)
  const noteKey = {
    statement: fromBase64(file.noteKey.statement),
    endorsement: fromBase64(file.noteKey.endorsement),
  }
  const { text, statement } = verifyCheckpointNote(file.note, [noteKey], keys.hsm, verify)
  const checkpoint = parseCheckpoint(text)
  const isSaid = checkpoint.size === said.size && sameBytes(checkpoint.root, fromBase64(said.root))
  if (statement.chain !== file.chain || checkpoint.origin !== said.origin || !isSaid) throw refused('checkpoint-other')
  return { file, keys, checkpoint }
}

/** Who cosigned. Of the witnesses the verifier names one at least must have; those the file names are told only. */
export const checkCosignatures = (file: ChainFile, wanted: readonly string[], verify: VerifySignature): Check => {
  const about = { check: 'cosignatures', subject: file.chain } as const
  const decides = wanted.length > 0
  try {
    const found = [...new Set([...wanted, ...file.witnesses.map(({ vkey }) => vkey)])].flatMap((vkey) => {
      const key = parseWitnessKey(vkey)
      const seen = findCosignature(file.note, key, verify)
      return seen ? [{ vkey, name: key.name, time: seen.time }] : []
    })
    const counted = decides ? found.filter(({ vkey }) => wanted.includes(vkey)) : found
    const names = counted.map(({ name }) => name).join(', ')
    const time = counted.reduce((newest, one) => Math.max(newest, one.time), 0)
    if (counted.length > 0) {
      const facts = { names, count: counted.length, time: new Date(time * 1000).toISOString(), wanted: decides }
      return passed({ ...about, decides, facts, code: decides ? 'passed' : 'unjudged' })
    }
    if (!decides) return passed({ ...about, decides, code: 'none' })
    return failed({ ...about, code: 'missing', sub: 'SIG_CONSTRAINTS_FAILURE', indication: 'INDETERMINATE' })
  } catch (error) {
    const { subIndication: sub, indication, reason, clause } = judge(error)
    return failed({ ...about, sub, indication, clause, facts: { reason } })
  }
}

/**
 * By when the checkpoint existed. A token over something else, or not signed by the certificate it carries, is a forgery
 * and decides; one whose authority cannot be judged from what is here proves no time, and nothing rests on it.
 */
export const checkNoteTime = (file: ChainFile, trust: Trust): Check => {
  const about = { check: 'checkpoint-time', subject: file.chain } as const
  if (file.timestamp === null) return passed({ ...about, code: 'none', decides: false })
  const { timeStampAnchors, anchors, intermediates, crls, ocsp, now, revocation, existedBy } = trust
  try {
    const token = fromBase64(file.timestamp)
    const until = lastsUntil(readSignedTimeStamp(token).info.genTime, existedBy, now)
    const stamp = verifyTimeStampToken(token, {
      imprint: { hash: 'sha256', digest: stampedDigest(file.note) },
      anchors: timeStampAnchors ?? anchors,
      intermediates: intermediates ?? [],
      crls: crls ?? [],
      ocsp: ocsp ?? [],
      now,
      revocation,
      existedBy: until,
    })
    verifyOutlives(stamp, until)
    const facts = { time: stamp.genTime.toISOString(), authority: stamp.authority.subject.text }
    return passed({ ...about, decides: false, facts })
  } catch (error) {
    const { subIndication: sub, indication, reason, clause } = judge(error)
    const isForged = indication === 'TOTAL-FAILED'
    return failed({
      ...about,
      code: isForged ? 'refused' : 'unjudged',
      decides: isForged,
      sub,
      indication,
      clause,
      facts: { reason },
    })
  }
}
