import './no-eval.ts'
import { createRoot } from 'react-dom/client'
import { startI18n } from '../ui/i18n.ts'
import { usePreferences } from '../ui/preferences.ts'
import { UiProvider } from '../ui/UiProvider.tsx'
import { App } from './App.tsx'
import { createConsole } from './compose.ts'
import { ConsoleContext } from './console-context.ts'
import { TEXTS } from './texts.ts'

const root = document.getElementById('root')
if (root === null) throw new TypeError('the page has no #root')

const [made] = await Promise.all([createConsole(), startI18n(usePreferences.getState().language, TEXTS, 'console')])
createRoot(root).render(
  <UiProvider>
    <ConsoleContext value={made}>
      <App />
    </ConsoleContext>
  </UiProvider>,
)
await made.start()
