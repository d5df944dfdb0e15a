import { useTranslation } from 'react-i18next'
import { ToneBadge } from '../../ui/Tone.tsx'
import { triesTone } from '../stores/reader-facts.ts'

/** Tries left in words; `what` says of which code. */
export function TriesLeft({
  left,
  most,
  what = 'pin',
}: {
  left: number | null
  most: number | null
  what?: 'pin' | 'puk'
}) {
  const { t } = useTranslation('desk')
  const words =
    left === null
      ? t(`tries.${what}Unknown`)
      : left === 0
        ? t(`tries.${what}Blocked`)
        : most === null
          ? t(`tries.${what}`, { count: left })
          : t(`tries.${what}Of`, { count: left, most })
  return (
    <div>
      <ToneBadge tone={triesTone(left)} testId={`${what}-tries`}>
        {words}
      </ToneBadge>
    </div>
  )
}
