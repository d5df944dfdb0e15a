import { Button, FileButton } from '@mantine/core'
import { useState, type DragEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../ui/format.ts'
import { ToneBadge } from '../ui/Tone.tsx'
import type { Picked } from './picked-files.ts'
import css from './verify.module.css'

const ROLES = ['package', 'content', 'signature'] as const

/** Where files are dropped or chosen, and what was. */
export function DropZone(props: {
  picked: Picked
  busy: boolean
  onFiles: (files: readonly File[]) => void
  onRemove: (role: keyof Picked) => void
}) {
  const { t, i18n } = useTranslation('verify')
  const [over, setOver] = useState(false)
  const { picked } = props
  const chosen = ROLES.flatMap((role) => {
    const file = picked[role]
    return file === null ? [] : [{ role, file }]
  })
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    if (!props.busy) props.onFiles([...event.dataTransfer.files])
  }
  return (
    <div className={css.stack}>
      <div
        className={css.drop}
        data-over={over}
        data-testid="drop"
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <p>{t(over ? 'dropNow' : 'drop')}</p>
        <FileButton multiple onChange={(files) => props.onFiles(files)} inputProps={{ 'aria-label': t('choose') }}>
          {(given) => (
            <Button {...given} variant="default" disabled={props.busy} data-testid="choose">
              {t(chosen.length === 0 ? 'choose' : 'chooseOther')}
            </Button>
          )}
        </FileButton>
      </div>
      {chosen.length === 0 ? null : (
        <ul className={`${css.list} ${css.picked}`}>
          {chosen.map(({ role, file }) => (
            <li key={role} data-testid="picked">
              <ToneBadge tone="info">{t(`role.${role}`)}</ToneBadge>
              <span className={css.digest}>{file.name}</span>
              <span className={css.quiet}>{formatBytes(file.size, i18n.language)}</span>
              <Button size="compact-xs" variant="default" disabled={props.busy} onClick={() => props.onRemove(role)}>
                {t('remove', { name: t(`role.${role}`) })}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {picked.content !== null && picked.signature === null ? <p className={css.quiet}>{t('alone')}</p> : null}
      {picked.content === null && picked.signature !== null ? <p className={css.quiet}>{t('noContent')}</p> : null}
    </div>
  )
}
