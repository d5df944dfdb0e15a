import { consoleConfig } from '../../../electron.vite.config.ts'

/**
 * The console with hot reload against the fake server: `node test/fakes/console/main.ts --port 4700`, then
 * `vite --config test/fakes/console/vite.config.ts`.
 */
export default {
  ...consoleConfig,
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:4700' } },
}
