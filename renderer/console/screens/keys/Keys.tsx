import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { KeyView } from '../../../../shared/contract/routes/exports.ts'
import { formatNumber } from '../../../ui/format.ts'
import { Facts, Panel, Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { Notice, ToneBadge } from '../../../ui/Tone.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import tables from '../../parts/tables.module.css'
import { ReloadButton } from '../../parts/ReloadButton.tsx'
import { ChainKeys } from './ChainKeys.tsx'
import { commonName, lifeOf, needsCertificate } from './certificate-life.ts'

function Life({ certificate }: { certificate: NonNullable<KeyView['certificate']> }) {
  const { t, i18n } = useTranslation('exports')
  const { clock } = useConsole()
  const { word, days, tone } = lifeOf(certificate, clock.now())
  return (
    <>
      <Instant at={certificate.notAfter} />
      <br />
      <ToneBadge tone={tone}>
        {word === 'left' ? t('keys.left', { count: days, n: formatNumber(days, i18n.language) }) : t(`keys.${word}`)}
      </ToneBadge>
    </>
  )
}

function Row({ row }: { row: KeyView }) {
  const { t } = useTranslation('exports')
  const { certificate } = row
  return (
    <tr data-testid="key">
      <th scope="row" className={tables.whole}>
        <span className="cs-mono">{row.label}</span>
      </th>
      <td>{t(`keys.uses.${row.use}`)}</td>
      <td className={tables.whole}>
        <span>{row.algorithm}</span>
      </td>
      <td className={tables.whole}>
        <ToneBadge tone={row.kind === 'hsm' ? 'ok' : 'warn'}>{t(`keys.kind.${row.kind}`)}</ToneBadge>
      </td>
      <td>
        {certificate === null ? (
          <span className={css.quiet}>{t(needsCertificate(row) ? 'keys.noCertificate' : 'keys.notNeeded')}</span>
        ) : (
          <span title={certificate.subject}>
            <b>{commonName(certificate.subject)}</b>
            <br />
            <span className={css.quiet} title={certificate.issuer}>
              {t('keys.issuer')} {commonName(certificate.issuer)}
            </span>
          </span>
        )}
      </td>
      <td className={tables.whole}>{certificate === null ? '—' : <Life certificate={certificate} />}</td>
    </tr>
  )
}

/** The key store: which keys it holds, what each is for, and how long its certificate lasts. */
export function Keys() {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const load = useLoad(useCallback(() => valueOf(client.call('listKeys', {})), [client]))
  return (
    <Screen title={t('console:screen.keys')} subtitle={t('keys.subtitle')} actions={<ReloadButton load={load} />}>
      <LoadView load={load} right="key.read">
        {({ kind, description, items }) => (
          <div className={css.stack}>
            {kind === 'software' ? (
              <Notice tone="warn" title={t('keys.software')} testId="software-keys">
                <p>{t('keys.softwareMeans')}</p>
              </Notice>
            ) : null}
            <Panel>
              <Facts rows={[[t('keys.store'), `${t(`keys.kind.${kind}`)} · ${description}`]]} />
            </Panel>
            <Panel flush>
              {items.length === 0 ? (
                <EmptyState title={t('keys.none')}>{t('keys.noneWhy')}</EmptyState>
              ) : (
                <table className={tables.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t('keys.label')}</th>
                      <th scope="col">{t('keys.use')}</th>
                      <th scope="col">{t('keys.algorithm')}</th>
                      <th scope="col">{t('keys.where')}</th>
                      <th scope="col">{t('keys.certificate')}</th>
                      <th scope="col">{t('keys.until')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((row) => (
                      <Row key={row.label} row={row} />
                    ))}
                  </tbody>
                </table>
              )}
            </Panel>
            <ChainKeys onHandedOver={load.reload} />
          </div>
        )}
      </LoadView>
    </Screen>
  )
}
