import { Button, Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { changeLanguage } from '../../ui/i18n.ts'
import { IconCheck, IconLanguage } from '../../ui/icons.ts'
import { LANGUAGES, setPreference, usePreferences, type Language } from '../../ui/preferences.ts'

export function LanguageChoice() {
  const { t } = useTranslation('common')
  const current = usePreferences((preferences) => preferences.language)
  const choose = (language: Language) => {
    setPreference('language', language)
    void changeLanguage(language)
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray.7"
          size="xs"
          leftSection={<IconLanguage size={16} aria-hidden />}
          aria-label={`${t('language.label')}: ${t(`language.${current}`)}`}
        >
          {t(`language.${current}`)}
        </Button>
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
