import { Checkbox } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCalendarDate } from '../../ui/format.ts'
import { ToneBadge, type Tone } from '../../ui/Tone.tsx'
import { compareSnapshots, type FieldDifference, type FieldValue } from '../format/difference.ts'
import { fieldKind } from '../format/field-kind.ts'
import { fieldLabel } from '../../ui/field-label.ts'
import css from './console.module.css'
import tables from './tables.module.css'
import { Instant } from './Instant.tsx'

const TONES: Readonly<Record<FieldDifference['kind'], Tone>> = {
  added: 'ok',
  removed: 'bad',
  changed: 'info',
  same: 'idle',
}

function Value({ path, value }: { path: string; value: FieldValue | undefined }) {
  const { t, i18n } = useTranslation('console')
  if (value === undefined) return <span className={css.quiet}>—</span>
  if (value === null) return <span className={css.quiet}>{t('difference.none')}</span>
  if (typeof value === 'object') return <span className={css.quiet}>{t('difference.empty')}</span>
  if (typeof value === 'boolean') return t(value ? 'difference.yes' : 'difference.no')
  const kind = fieldKind(path, value)
  if (kind === 'instant') return <Instant at={Number(value)} />
  return kind === 'date' ? formatCalendarDate(String(value), i18n.language) : String(value)
}

function Row({ field }: { field: FieldDifference }) {
  const { t, i18n } = useTranslation('console')
  const word = (name: string) => (i18n.exists(`common:field.${name}`) ? t(`common:field.${name}`) : null)
  const before = <Value path={field.path} value={field.before} />
  const after = <Value path={field.path} value={field.after} />
  const gone = field.kind === 'removed' || field.kind === 'changed'
  const come = field.kind === 'added' || field.kind === 'changed'
  return (
    <tr>
      <th scope="row">{field.path === '' ? t('difference.value') : fieldLabel(field.path, word)}</th>
      <td>{gone ? <del>{before}</del> : before}</td>
      <td>{come ? <ins>{after}</ins> : after}</td>
      <td>
        <ToneBadge tone={TONES[field.kind]}>{t(`difference.kind.${field.kind}`)}</ToneBadge>
      </td>
    </tr>
  )
}

/** Before and after, field by field. What stayed as it was is shown on demand. */
export function Difference({ before, after }: { before: unknown; after: unknown }) {
  const { t } = useTranslation('console')
  const [whole, setWhole] = useState(false)
  const fields = compareSnapshots(before, after)
  const unchanged = fields.filter((field) => field.kind === 'same').length
  const shown = whole ? fields : fields.filter((field) => field.kind !== 'same')
  if (fields.length === 0) return <p className={css.quiet}>{t('difference.noSnapshot')}</p>
  return (
    <>
      {shown.length === 0 ? <p className={css.quiet}>{t('difference.nothingChanged')}</p> : null}
      {shown.length === 0 ? null : (
        <table className={`${tables.table} ${tables.diff}`}>
          <thead>
            <tr>
              <th scope="col">{t('difference.field')}</th>
              <th scope="col">{t('difference.before')}</th>
              <th scope="col">{t('difference.after')}</th>
              <th scope="col">{t('difference.change')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((field) => (
              <Row key={field.path} field={field} />
            ))}
          </tbody>
        </table>
      )}
      {unchanged === 0 ? null : (
        <Checkbox
          mt="xs"
          size="xs"
          label={t('difference.showUnchanged', { n: unchanged })}
          checked={whole}
          onChange={(event) => setWhole(event.currentTarget.checked)}
        />
      )}
    </>
  )
}
