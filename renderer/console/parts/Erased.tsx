import { useTranslation } from 'react-i18next'
import type { AuditEntryView } from '../../../shared/contract/index.ts'
import { Notice } from '../../ui/Tone.tsx'
import { Instant } from './Instant.tsx'

/** What stood before and after is gone: since when, by whom, under which rule. The entry itself stays proved. */
export function Erased({ erased }: { erased: NonNullable<AuditEntryView['erased']> }) {
  const { t } = useTranslation('console')
  return (
    <Notice tone="idle" title={t('erased.title')} testId="erased">
      <p>
        <Instant at={erased.at} /> ·{' '}
        {erased.byName ?? t(`job.kind.${erased.by}`, { defaultValue: t('audit.unknownOperator') })} ·{' '}
        {t(`erasure.rule.${erased.rule}`, { defaultValue: erased.rule })}
      </p>
      <p>{t('erased.means')}</p>
    </Notice>
  )
}
