import { createRoot } from 'react-dom/client'
import { changeLanguage, startI18n, type TextSources } from '../ui/i18n.ts'
import { failureOf } from '../ui/failure.ts'
import { usePreferences } from '../ui/preferences.ts'
import { FailureState } from '../ui/States.tsx'
import { UiProvider } from '../ui/UiProvider.tsx'
import { App } from './App.tsx'
import { startStores } from './stores/start.ts'

const TEXTS: TextSources = {
  en: {
    desk: () => import('../text/en/desk.json'),
    common: () => import('../text/en/common.json'),
    errors: () => import('../text/en/errors.json'),
  },
  it: {
    desk: () => import('../text/it/desk.json'),
    common: () => import('../text/it/common.json'),
    errors: () => import('../text/it/errors.json'),
  },
}

/** Texts, then the desk's state, then the first picture; a desk that does not answer is said in words. */
async function start(): Promise<void> {
  const root = createRoot(document.getElementById('root') ?? document.body)
  await startI18n(usePreferences.getState().language, TEXTS, 'desk')
  usePreferences.subscribe((now, before) => {
    if (now.language !== before.language) void changeLanguage(now.language)
  })
  try {
    await startStores()
  } catch (error) {
    root.render(
      <UiProvider>
        <main>
          <FailureState failure={failureOf(error)} onRetry={() => location.reload()} />
        </main>
      </UiProvider>,
    )
    return
  }
  root.render(
    <UiProvider>
      <App />
    </UiProvider>,
  )
}

void start()
