import { AppError } from '../../shared/contract/errors.ts'

/** Why a key store cannot serve: the `reason` in the detail of HSM_UNAVAILABLE. */
export type HsmReason =
  | 'closed'
  | 'crashed'
  | 'device'
  | 'file-unsafe'
  | 'folder-unsafe'
  | 'library-missing'
  | 'passphrase-missing'
  | 'passphrase-wrong'
  | 'pin-locked'
  | 'pin-missing'
  | 'pin-wrong'
  | 'refused'
  | 'signature'
  | 'store-missing'
  | 'timeout'
  | 'token-ambiguous'
  | 'token-missing'

export function unavailable(
  reason: HsmReason,
  detail: Readonly<Record<string, string | number>> = {},
  cause?: unknown,
): AppError {
  return new AppError('HSM_UNAVAILABLE', { reason, ...detail }, cause === undefined ? {} : { cause })
}

/** The module or the store has no such algorithm. */
export const unsupported = (algorithm: string, label: string): AppError =>
  new AppError('HSM_ALGORITHM_UNSUPPORTED', { algorithm, label })
