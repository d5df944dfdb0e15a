import { randomUUID } from 'node:crypto'
import { AppError, SealedContent, type SealedUse } from '../../../shared/contract/index.ts'

/** Stands where JWE stands: same outer form, readable inside. `worker` names the key it was sealed to. */
export const sealFor = (
  worker: string,
  use: SealedUse,
  card: string | null,
  values: SealedContent['values'],
): string => {
  const content: SealedContent = { use, jti: randomUUID(), card, values }
  return `fake..${Buffer.from(worker).toString('base64url')}.${Buffer.from(JSON.stringify(content)).toString('base64url')}.tag`
}
export function unseal(worker: string, sealed: string, use: SealedUse): SealedContent['values'] {
  const [, , to = '', body = ''] = sealed.split('.')
  if (Buffer.from(to, 'base64url').toString() !== worker) throw new AppError('SEALED_INVALID', { reason: 'key' })
  const content = SealedContent.parse(JSON.parse(Buffer.from(body, 'base64url').toString()))
  if (content.use !== use) throw new AppError('SEALED_INVALID', { reason: 'use' })
  return content.values
}
