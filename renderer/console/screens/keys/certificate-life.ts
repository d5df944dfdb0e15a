import type { KeyView } from '../../../../shared/contract/routes/exports.ts'
import type { Tone } from '../../../ui/Tone.tsx'

const DAY_MS = 86_400_000
/** Fewer days than this want attention, and fewer than that a new certificate now. */
const SOON_DAYS = 90
const NOW_DAYS = 30

export interface CertificateLife {
  readonly word: 'left' | 'ended' | 'notYet'
  /** Whole days left; 0 on the last one. */
  readonly days: number
  readonly tone: Tone
}

/** How long a certificate still lasts at `now`. */
export const lifeOf = (
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  now: number,
): CertificateLife => {
  if (now > notAfter) return { word: 'ended', days: 0, tone: 'bad' }
  const days = Math.floor((notAfter - now) / DAY_MS)
  if (now < notBefore) return { word: 'notYet', days, tone: 'warn' }
  return { word: 'left', days, tone: days < NOW_DAYS ? 'bad' : days < SOON_DAYS ? 'warn' : 'ok' }
}

/** What people call it: the CN of a distinguished name, or all of it where it has none. */
export const commonName = (name: string): string => /(?:^|[,/+]\s*)CN=((?:\\.|[^,+/\\])+)/.exec(name)?.[1] ?? name

/** Secret keys have none, and keys of a chain are vouched for by the chain. */
export const needsCertificate = ({ algorithm, use }: KeyView): boolean => use !== 'audit' && !/^aes/i.test(algorithm)
