import { Button } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { givenLines, weakened } from '../../shared/exports/given-text.ts'
import type { Check, Report } from '../../shared/exports/report.ts'
import { IconChevronDown, IconDownload } from '../ui/icons.ts'
import { Moment } from '../ui/Moment.tsx'
import { saveFile } from '../ui/save-file.ts'
import { Facts, Panel } from '../ui/Screen.tsx'
import { Notice, ToneBadge } from '../ui/Tone.tsx'
import { manifestOf, reasonOf, signersOf, toneOf, TONES, worstFirst, type ShownSigner } from './verdict.ts'
import { checkWords, factRows, factWords, whyWords } from './words.ts'
import css from './verify.module.css'

function CheckRow({ check, open }: { check: Check; open: boolean }) {
  const { t, i18n } = useTranslation('verify')
  const subject = check.subject === null ? '' : `: ${check.subject}`
  const why = whyWords(t, check)
  return (
    <li data-testid="check" data-check={check.check} data-indication={check.indication}>
      <details open={open}>
        <summary>
          <IconChevronDown size={16} aria-hidden className={css.mark} />
          <b>
            {t(`name.${check.check}`, { defaultValue: check.check })}
            {subject}
          </b>
          <span>{checkWords(t, check)}</span>
          <ToneBadge tone={toneOf(check)}>{check.decides ? t(`indication.${check.indication}`) : t('told')}</ToneBadge>
        </summary>
        <div className={css.inside}>
          {why === null ? null : <p>{why}</p>}
          {check.subIndication === null ? null : (
            <p>
              {t(`sub.${check.subIndication}`)}{' '}
              <span className={css.quiet}>
                {t('etsi')}: {check.subIndication}
              </span>
            </p>
          )}
          <Facts
            rows={[...factRows(t, check.facts, i18n.language), [t('rule'), check.clause]].map(([name, value]) => [
              name ?? '',
              value,
            ])}
          />
        </div>
      </details>
    </li>
  )
}

function Signer({ signer }: { signer: ShownSigner }) {
  const { t } = useTranslation('verify')
  const at = signer.provedAt ?? signer.claimedAt
  return (
    <li data-testid="verified-signer">
      <ToneBadge tone={TONES[signer.indication]}>{t(`indication.${signer.indication}`)}</ToneBadge> <b>{signer.name}</b>
      {signer.level === null ? null : `, ${signer.level}`}
      {at === null ? null : (
        <>
          , {t(signer.provedAt === null ? 'claimedAt' : 'provedAt')} <Moment at={Date.parse(at)} />
        </>
      )}
    </li>
  )
}

const ABOUT = ['requestedBy', 'createdAt', 'server', 'reason', 'entries', 'completeness', 'keys'] as const

function About({ report }: { report: Report }) {
  const { t, i18n } = useTranslation('verify')
  const manifest = manifestOf(report)
  const signers = signersOf(report)
  if (manifest === null && signers.length === 0) return null
  return (
    <Panel title={t(report.indication === 'TOTAL-PASSED' ? 'about' : 'claims')} testId="about">
      <Facts
        rows={[
          ...ABOUT.map((name): [string, string | null] => {
            const value = manifest?.[name]
            return [t(`fact.${name}`), value == null ? null : factWords(t, name, value, i18n.language)]
          }),
          [
            t('signers'),
            signers.length === 0 ? null : (
              <ul key="signers" className={css.list}>
                {signers.map((signer) => (
                  <Signer key={`${signer.name} ${signer.claimedAt}`} signer={signer} />
                ))}
              </ul>
            ),
          ],
        ]}
      />
    </Panel>
  )
}

/** What the verdict was asked for with, in the verifier's own words. */
function Asked({ lines }: { lines: readonly string[] }) {
  const { t } = useTranslation('verify')
  if (lines.length === 0) return null
  return (
    <Panel title={t('asked')} testId="asked">
      <ul className={css.list}>
        {lines.map((line) => (
          <li key={line} className={css.digest}>
            {line}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** The verdict in plain words on top, what was checked, and every check with what it found; comes into sight once. */
export function Verdict({ report, name }: { report: Report; name: string }) {
  const { t, i18n } = useTranslation('verify')
  const language = i18n.language.startsWith('it') ? 'it' : 'en'
  const left = weakened(report, language)
  const reason = reasonOf(report)
  const top = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // In braces: newer browsers give a promise, which is no way to clean up.
    top.current?.scrollIntoView({ block: 'start' })
  }, [])
  return (
    <div className={css.stack} ref={top} style={{ scrollMarginTop: 72 }}>
      <Notice
        tone={TONES[report.indication]}
        title={t(`verdict.${report.kind}.${report.indication}`)}
        live
        testId="verdict"
        actions={
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() => saveFile(`${name}.report.json`, 'application/json', `${JSON.stringify(report, null, 2)}\n`)}
          >
            {t('saveReport')}
          </Button>
        }
      >
        {reason === null ? null : (
          <p>
            {t('because')} <b>{t(`name.${reason.check}`, { defaultValue: reason.check })}.</b> {checkWords(t, reason)}{' '}
            {whyWords(t, reason) ?? (reason.subIndication === null ? null : t(`sub.${reason.subIndication}`))}
          </p>
        )}
        <p>{t(`verdictMeans.${report.indication}`)}</p>
        {left.map((sentence) => (
          <p key={sentence}>
            <b>{sentence}</b>
          </p>
        ))}
        <p>
          <b>{name}</b> · {t('judgedAt')} <Moment at={Date.parse(report.at)} />
        </p>
      </Notice>
      <About report={report} />
      <Asked lines={givenLines(report, language).slice(left.length)} />
      <Panel title={t('checks')} flush>
        <ul className={css.checks}>
          {worstFirst(report.checks).map((check, place) => (
            <CheckRow key={`${place} ${check.check}`} check={check} open={check === reason} />
          ))}
        </ul>
      </Panel>
    </div>
  )
}
