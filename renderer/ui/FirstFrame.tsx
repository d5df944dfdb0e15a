import { useTranslation } from 'react-i18next'

/** What the page itself shows before its scripts have come, kept while they find out what to show. `logo` is the URL of the mark. */
export function FirstFrame({ logo }: { logo: string }) {
  const { t } = useTranslation('common')
  return (
    <div className="first-frame">
      <img src={logo} alt="" width={32} height={32} />
      {t('product')}
    </div>
  )
}
