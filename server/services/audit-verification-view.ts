import { createHash } from 'node:crypto'
import { decodeBase64url } from '../../shared/audit/base64url.ts'
import { isErrorCode, type VerificationView } from '../../shared/contract/index.ts'
import type { VerificationRun } from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { operatorRef } from './views.ts'

/** A head as lists tell it: hex SHA-256 of the last entry's signature. */
export const headDigest = (signature: Uint8Array): string => createHash('sha256').update(signature).digest('hex')

export const verificationView = (
  directory: Directory,
  run: VerificationRun,
  isInclusion: boolean,
  waiting: readonly string[],
): VerificationView => {
  const { verdict, requestedBy } = run
  const passed = verdict?.ok === true ? verdict : null
  return {
    id: run.id,
    depth: isInclusion ? 'inclusion' : run.mode,
    chain: run.chain,
    waiting: [...waiting],
    state: run.state,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    startedBy: requestedBy === null ? null : operatorRef(directory, requestedBy),
    scheduled: run.scheduled,
    checked: run.checked,
    total: run.total,
    signaturesChecked: passed?.signaturesChecked ?? null,
    payloadsErased: passed?.payloadsErased ?? null,
    faults:
      verdict && !verdict.ok
        ? [{ kind: verdict.kind, chain: verdict.chain, sequence: verdict.sequence, what: verdict.what }]
        : [],
    error: isErrorCode(run.error) ? run.error : null,
    resumed: run.resumed && { ...run.resumed },
    // Whose entries are proved one by one is shown no head: that is of entries of others.
    head:
      isInclusion || !passed
        ? null
        : {
            chain: passed.chain,
            sequence: passed.head.sequence,
            digest: headDigest(decodeBase64url(passed.head.signature)),
          },
  }
}
