import { useTranslation } from 'react-i18next'
import { isErrorCode } from '../../../shared/contract/index.ts'

/** What went wrong, from a code of the closed list; the code itself where it is newer than this console. */
export function ErrorWords({ code }: { code: string }) {
  const { t } = useTranslation('errors')
  return isErrorCode(code) ? <span title={code}>{t(`${code}.what`)}</span> : <span className="cs-mono">{code}</span>
}
