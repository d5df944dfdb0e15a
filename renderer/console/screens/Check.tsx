import { useTranslation } from 'react-i18next'
import { AppError } from '../../../shared/contract/index.ts'
import { Screen } from '../../ui/Screen.tsx'
import { CheckFile } from '../../verify/CheckFile.tsx'
import { makeCheckWorker } from '../../verify/make-worker.ts'
import type { OfferedTrust } from '../../verify/use-anchors.ts'
import { Verifiers } from '../parts/Verifiers.tsx'

const fetchBytes = async (path: string): Promise<Uint8Array> => {
  const answer = await fetch(path)
  if (!answer.ok) throw new AppError('CA_UNAVAILABLE')
  return new Uint8Array(await answer.arrayBuffer())
}

/** The root of this server's certification authority, and the revocation lists it gives out. */
const offerOwnAuthority = async (): Promise<OfferedTrust> => {
  const root = await fetchBytes('/ca/root.cer')
  const lists = await Promise.allSettled(['/ca/root.crl', '/ca/issuing.crl'].map(fetchBytes))
  return { certificates: [root], crls: lists.flatMap((list) => (list.status === 'fulfilled' ? [list.value] : [])) }
}

/** Checks a package or a signed file here, in the browser: nothing of it is sent anywhere. */
export function Check() {
  const { t } = useTranslation('verify')
  return (
    <Screen title={t('console:screen.check')} subtitle={t('subtitle')}>
      <CheckFile makeWorker={makeCheckWorker} offer={offerOwnAuthority} />
      <Verifiers />
    </Screen>
  )
}
