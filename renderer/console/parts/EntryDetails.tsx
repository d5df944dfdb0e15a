import { useTranslation } from 'react-i18next'
import type { AuditEntryView } from '../../../shared/contract/index.ts'
import { Facts } from '../../ui/Screen.tsx'
import { ActionBadge } from './ActionBadge.tsx'
import { CopyText } from './CopyText.tsx'
import css from './console.module.css'
import { Difference } from './Difference.tsx'
import { Instant } from './Instant.tsx'
import { ObjectName } from './ObjectName.tsx'

function Long({ text, what }: { text: string; what: string }) {
  return (
    <span className={css.long}>
      <span className="cs-mono">{text}</span>
      <CopyText text={text} what={what} />
    </span>
  )
}

function Who({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation('console')
  if (entry.operatorId === null) return t('audit.nobody')
  return (
    <>
      {entry.operatorName ?? entry.operatorId}
      {entry.role === null ? null : `, ${t(`common:role.${entry.role}`, { defaultValue: entry.role })}`}{' '}
      {entry.operatorName === null ? null : <span className={`cs-mono ${css.quiet}`}>{entry.operatorId}</span>}
    </>
  )
}

/** Who, when and where; what changed; what proves it. */
export function EntryDetails({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation('console')
  return (
    <>
      <Facts
        rows={[
          [t('audit.what'), <ActionBadge key="action" action={entry.action} />],
          [t('audit.object'), <ObjectName key="object" entry={entry} />],
          [t('audit.who'), <Who key="who" entry={entry} />],
          [t('audit.when'), <Instant key="when" at={entry.time} />],
          [t('audit.office'), entry.officeName ?? entry.office],
          [t('audit.station'), entry.stationName ?? entry.station],
          [t('audit.reason'), entry.reason],
        ]}
      />
      <section>
        <h3>{t('audit.difference')}</h3>
        <Difference before={entry.before} after={entry.after} />
      </section>
      <section>
        <h3>{t('audit.proof')}</h3>
        <Facts
          rows={[
            [t('audit.chain'), `${entry.chain} #${entry.sequence}`],
            [t('audit.digest'), <Long key="digest" text={entry.digest} what={t('audit.digest')} />],
            [t('audit.signature'), <Long key="signature" text={entry.signature} what={t('audit.signature')} />],
            [t('audit.key'), <Long key="key" text={entry.keyId} what={t('audit.key')} />],
            [t('audit.correlation'), <Long key="id" text={entry.correlationId} what={t('audit.correlation')} />],
          ]}
        />
      </section>
    </>
  )
}
