import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Digest } from '../../ui/Digest.tsx'
import { IconDownload } from '../../ui/icons.ts'
import { Facts, Panel } from '../../ui/Screen.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { fetchVerifiers } from '../stores/verifiers.ts'

/** The page and the program for whoever is given a package and has no account here; nothing where the server has none. */
export function Verifiers() {
  const { t } = useTranslation('exports')
  const { data = [] } = useLoad(fetchVerifiers)
  if (data.length === 0) return null
  return (
    <Panel title={t('verifiers.title')} testId="verifiers">
      <p style={{ margin: '0 0 12px' }}>{t('verifiers.what')}</p>
      <Facts
        rows={data.map(({ name, digest }) => [
          t(name.endsWith('.html') ? 'verifiers.page' : 'verifiers.program'),
          <div key={name} data-testid="verifier">
            <Button
              component="a"
              href={`/verify/${name}`}
              download={name}
              size="xs"
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              {name}
            </Button>
            <Digest hex={digest} />
          </div>,
        ])}
      />
    </Panel>
  )
}
