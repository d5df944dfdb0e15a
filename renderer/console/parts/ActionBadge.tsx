import { useTranslation } from 'react-i18next'
import type { AuditAction } from '../../../shared/contract/index.ts'
import { ToneBadge, type Tone } from '../../ui/Tone.tsx'

const TONES: Readonly<Record<AuditAction, Tone>> = {
  Insertion: 'ok',
  Modification: 'info',
  Deletion: 'bad',
  Login: 'idle',
  LoginFailed: 'warn',
  Logout: 'idle',
  Disclosure: 'warn',
  Export: 'info',
  Verification: 'idle',
  KeyUse: 'idle',
  ConfigurationRead: 'idle',
  AccessDenied: 'bad',
}

export function ActionBadge({ action }: { action: AuditAction }) {
  const { t } = useTranslation('common')
  return <ToneBadge tone={TONES[action]}>{t(`auditAction.${action}`)}</ToneBadge>
}
