import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CardView, CertificateView } from '../../../shared/contract/views.ts'
import { formatSerial } from '../../ui/format.ts'
import { Moment } from '../../ui/Moment.tsx'
import { Facts, Panel } from '../../ui/Screen.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import css from '../screens/screens.module.css'
import { CARD_TONES, CERTIFICATE_TONES } from '../stores/queue.ts'
import { useMay } from '../stores/desk-state.ts'
import { RevokeDialog } from './RevokeDialog.tsx'
import { TrailButton } from './Trail.tsx'

/** A card as the server knows it, with its certificates. */
export function KnownCard({ card, onChanged }: { card: CardView; onChanged: () => void }) {
  const { t } = useTranslation('desk')
  return (
    <Panel
      flush
      title={
        <>
          {t('card.numbered')} <span className="cs-mono">{formatSerial(card.serial)}</span>
        </>
      }
      actions={
        <Group gap="xs" wrap="nowrap">
          <TrailButton
            objectType="card"
            objectId={card.serial}
            name={t('trail.what.card', { id: formatSerial(card.serial) })}
          />
          <ToneBadge tone={CARD_TONES[card.state]}>{t(`common:cardState.${card.state}`)}</ToneBadge>
        </Group>
      }
    >
      <div style={{ padding: '12px 16px', borderBottom: '1px solid var(--cs-line)' }}>
        <Facts
          rows={[
            [t('card.holder'), card.holder?.name ?? null],
            [t('card.office'), card.office.name],
            [
              t('card.expires'),
              card.expiresAt === null ? null : <Moment key="expires" at={card.expiresAt} show="day" />,
            ],
            [t('card.created'), <Moment key="created" at={card.createdAt} />],
          ]}
        />
      </div>
      {card.certificates.length === 0 ? (
        <p className={css.muted} style={{ padding: 16 }}>
          {t('card.noCertificates')}
        </p>
      ) : (
        <ul className={css.queue}>
          {card.certificates.map((certificate) => (
            <CertificateRow key={certificate.serial} certificate={certificate} onChanged={onChanged} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function CertificateRow({ certificate, onChanged }: { certificate: CertificateView; onChanged: () => void }) {
  const { t } = useTranslation('desk')
  const mayRevoke = useMay('certificate.revoke')
  const [revoking, setRevoking] = useState(false)
  const alive = certificate.state === 'issued' || certificate.state === 'suspended'
  return (
    <li>
      <span style={{ minWidth: 0 }}>
        <strong>{t(`common:slot.${certificate.slot}`)}</strong>{' '}
        <ToneBadge tone={CERTIFICATE_TONES[certificate.state]}>
          {t(`common:certificateState.${certificate.state}`)}
        </ToneBadge>
        <br />
        <span className={css.muted}>
          {t('certificate.serial')} <span className="cs-mono">{certificate.serial}</span> · {t('certificate.until')}{' '}
          <Moment at={certificate.notAfter} show="day" />
          {certificate.revokedAt === null || certificate.revocationReason === null ? null : (
            <>
              {' '}
              ·{' '}
              {t('certificate.revoked', {
                reason: t(`common:revocationReason.${certificate.revocationReason}`),
              })}{' '}
              <Moment at={certificate.revokedAt} />
            </>
          )}
        </span>
      </span>
      <span style={{ display: 'grid', justifyItems: 'end' }}>
        <TrailButton
          objectType="certificate"
          objectId={certificate.id}
          name={t('trail.what.certificate', { slot: t(`common:slot.${certificate.slot}`) })}
        />
        {mayRevoke && alive ? (
          <>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red.9"
              onClick={() => setRevoking(true)}
              aria-label={t('revoke.actionFor', { slot: t(`common:slot.${certificate.slot}`) })}
            >
              {t('revoke.action')}
            </Button>
            <RevokeDialog
              certificate={certificate}
              opened={revoking}
              onClose={() => setRevoking(false)}
              onChanged={onChanged}
            />
          </>
        ) : null}
      </span>
    </li>
  )
}
