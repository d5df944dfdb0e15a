import { createPublicKey } from 'node:crypto'
import { AppError, type PublicJwk } from '../../shared/contract/index.ts'

/** Throws REQUEST_INVALID (`worker-key`) unless it is a point of P-256, before anything is changed for it. */
export const assertWorkerKey = ({ kty, crv, x, y }: PublicJwk): void => {
  try {
    createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' })
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { path: 'body.workerKey', reason: 'worker-key' }, { cause })
  }
}
