import type { UserConfig } from 'vite'
import { loadConsoleConfig } from './built.ts'

/**
 * The console with hot reload against the fake server: `node test/fakes/console/main.ts --port 4700`, then
 * `vite --config test/fakes/console/vite.config.ts`.
 */
const config: UserConfig = {
  ...(await loadConsoleConfig()),
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:4700' } },
}
export default config
