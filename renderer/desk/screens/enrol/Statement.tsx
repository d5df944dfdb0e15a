import { useTranslation } from 'react-i18next'
import type { CardProfile, RegistrationRecord } from '../../../../shared/contract/views.ts'
import { formatCalendarDate, formatDateTime } from '../../../ui/format.ts'
import css from '../screens.module.css'

/** A registration record as a person would say it. Every value signed is in it. */
export function Statement({ record, profile }: { record: RegistrationRecord; profile: CardProfile | null }) {
  const { t, i18n } = useTranslation('desk')
  const date = (value: string) => formatCalendarDate(value, i18n.language)
  const { holder, proofing } = record
  const profileName = profile?.name[i18n.language === 'it' ? 'it' : 'en'] ?? record.profile
  return (
    <div className={css.statement} data-testid="statement">
      <p>
        {t('statement.who', {
          officer: record.officer.name,
          office: record.office.name,
          division: record.office.division,
        })}
      </p>
      <p>
        {t('statement.saw', {
          document: t(`documentType.${proofing.documentType}`).toLowerCase(),
          number: proofing.documentNumber,
          issuer: proofing.issuer,
          expires: date(proofing.expiresOn),
          at: formatDateTime(proofing.comparedAt, i18n.language),
        })}{' '}
        {proofing.mrz === null ? t('statement.noMrz') : t('statement.mrz')}
      </p>
      <p>
        {t('statement.face', {
          features: proofing.faceFeatures.map((feature) => t(`face.${feature}`).toLowerCase()).join(', '),
        })}
      </p>
      <p>{t('statement.identified')}</p>
      <ul>
        <li>
          <strong>
            {holder.givenNames} {holder.familyName}
          </strong>
        </li>
        <li>{t('statement.born', { date: date(holder.birthDate), nationality: holder.nationality })}</li>
        {holder.personalNumber === null ? null : (
          <li>{t('statement.personalNumber', { number: holder.personalNumber })}</li>
        )}
        {holder.email === null ? null : <li>{t('statement.email', { email: holder.email })}</li>}
      </ul>
      <p>{t('statement.asks', { profile: profileName })}</p>
      <ul>
        {record.certificates.map((certificate) => (
          <li key={certificate.slot}>
            {t(`common:slot.${certificate.slot}`)}, {t(`common:algorithm.${certificate.algorithm}`)},{' '}
            {certificate.certificateProfile}
          </li>
        ))}
      </ul>
      {proofing.note === null ? null : <p>{t('statement.note', { note: proofing.note })}</p>}
      <p className={css.muted} style={{ fontSize: 12 }}>
        {t('statement.context', { server: record.server, station: record.station, enrolment: record.enrolment })}
      </p>
    </div>
  )
}
