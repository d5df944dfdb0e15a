import { useTranslation } from 'react-i18next'
import { Screen } from '../../ui/Screen.tsx'

/** Checks a package or a signed file here, in the browser. */
export function Check() {
  const { t } = useTranslation('console')
  return <Screen title={t('screen.check')}>{null}</Screen>
}
