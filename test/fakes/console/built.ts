import type { UserConfig } from 'vite'

/** How the product builds the console; the file belongs to no project, so it is loaded by its address. */
export const loadConsoleConfig = async (): Promise<UserConfig> => {
  const address = new URL('../../../electron.vite.config.ts', import.meta.url).href
  const { consoleConfig } = (await import(address)) as { consoleConfig: UserConfig }
  return { ...consoleConfig, configFile: false } as UserConfig
}
