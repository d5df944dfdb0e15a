import { ActionIcon, Button, Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { changeLanguage } from '../../ui/i18n.ts'
import { IconCheck, IconLanguage } from '../../ui/icons.ts'
import { LANGUAGES, setPreference, usePreferences, type Language } from '../../ui/preferences.ts'
import { QUIET } from './quiet.ts'

/** `small` is an icon alone, named for those who cannot see it. */
export function LanguageChoice({ small = false }: { small?: boolean }) {
  const { t } = useTranslation('common')
  const current = usePreferences((preferences) => preferences.language)
  const choose = (language: Language) => {
    setPreference('language', language)
    void changeLanguage(language)
  }
  const label = `${t('language.label')}: ${t(`language.${current}`)}`
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        {small ? (
          <ActionIcon {...QUIET} aria-label={label}>
            <IconLanguage size={20} />
          </ActionIcon>
        ) : (
          <Button {...QUIET} size="xs" leftSection={<IconLanguage size={16} aria-hidden />} aria-label={label}>
            {t(`language.${current}`)}
          </Button>
        )}
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            rightSection={language === current ? <IconCheck size={16} aria-hidden /> : null}
            onClick={() => choose(language)}
          >
            {t(`language.${language}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
