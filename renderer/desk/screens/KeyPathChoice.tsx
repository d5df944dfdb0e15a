import { SegmentedControl } from '@mantine/core'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { KeyPath } from '../../../shared/contract/words.ts'

/** Which way to the card's key; offered only where both exist. */
export function KeyPathChoice(props: {
  paths: readonly KeyPath[]
  chosen: KeyPath
  onChoose: (path: KeyPath) => void
}) {
  const { t } = useTranslation('desk')
  const id = useId()
  return (
    <div>
      <div id={id} style={{ marginBottom: 4 }}>
        {t('keyPath.label')}
      </div>
      <SegmentedControl
        aria-labelledby={id}
        fullWidth
        value={props.chosen}
        onChange={(value) => props.onChoose(KeyPath.parse(value))}
        data={props.paths.map((path) => ({ value: path, label: t(`keyPath.${path}`) }))}
      />
    </div>
  )
}
