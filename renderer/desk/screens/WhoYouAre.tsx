import { useTranslation } from 'react-i18next'
import type { CardCertificate, ReaderView } from '../../../shared/contract/views.ts'
import { formatSerial } from '../../ui/format.ts'
import { Moment } from '../../ui/Moment.tsx'
import { Facts } from '../../ui/Screen.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { useNow } from '../parts/use-now.ts'

/** Who the card says you are, before any PIN. */
export function WhoYouAre({ reader, certificate }: { reader: ReaderView; certificate: CardCertificate }) {
  const { t } = useTranslation('desk')
  const expired = certificate.notAfter < useNow()
  return (
    <div>
      <p style={{ margin: '0 0 8px', fontSize: 16, fontWeight: 600 }} data-testid="card-owner">
        {certificate.commonName ?? certificate.subject}
      </p>
      <Facts
        rows={[
          [t('signIn.issuer'), issuerName(certificate.issuer)],
          [
            t('signIn.validUntil'),
            expired ? (
              <ToneBadge key="expired" tone="bad">
                {t('signIn.expired')}
              </ToneBadge>
            ) : (
              <Moment key="until" at={certificate.notAfter} show="day" />
            ),
          ],
          [
            t('reader.serial'),
            reader.card?.serial ? (
              <span key="serial" className="cs-mono">
                {formatSerial(reader.card.serial)}
              </span>
            ) : null,
          ],
        ]}
      />
    </div>
  )
}

/** The common name out of a distinguished name; the whole where it has none. */
const issuerName = (name: string): string => /(?:^|,\s*)CN=([^,]+)/.exec(name)?.[1] ?? name
