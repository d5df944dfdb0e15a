import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')
const require = createRequire(import.meta.url)
interface BuilderConfig {
  files: string[]
  asar: boolean
  asarUnpack: string[]
  npmRebuild: boolean
  electronFuses: Record<string, boolean>
  extraResources: { from: string; to: string }[]
  linux: { target: string[]; icon: string }
  win: { target: string[]; icon: string }
  mac: { target: string[]; hardenedRuntime: boolean; entitlements: string; icon: string }
}
const builder = createRequire(require.resolve('electron-builder/package.json'))
const { load } = builder('js-yaml') as { load: (text: string) => unknown }
const config = load(readFileSync(resolve(ROOT, 'electron-builder.yml'), 'utf8')) as BuilderConfig

/** Every file of ours that an entry brings along, by its imports. */
function reach(entry: string, seen = new Set<string>()): Set<string> {
  const file = resolve(ROOT, entry)
  if (seen.has(file)) return seen
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  for (const [, name] of source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g))
    reach(resolve(dirname(file), name!), seen)
  return seen
}
const packed = new Set([
  ...reach('main/index.ts'),
  ...reach('main/cards/worker/index.ts'),
  ...reach('preload/index.ts'),
])
const relative = [...packed].map((file) => file.slice(ROOT.length + 1))

describe('when the desk is packaged', () => {
  it('has a configuration that electron-builder takes', async () => {
    const lib = createRequire(builder.resolve('app-builder-lib/package.json'))
    const { validateConfiguration } = lib('./out/util/config/config') as {
      validateConfiguration: (value: unknown, log: unknown) => Promise<void>
    }
    const { DebugLogger } = lib('builder-util') as { DebugLogger: new (on: boolean) => unknown }
    await expect(validateConfiguration(config, new DebugLogger(false))).resolves.toBeUndefined()
    await expect(validateConfiguration({ ...config, colour: 'red' }, new DebugLogger(false))).rejects.toThrow(/colour/)
  })
  it('packs what was built and nothing else of ours', () => {
    const taken = config.files.filter((pattern) => !pattern.startsWith('!'))
    expect(taken).toEqual(['out/main/**', 'out/preload/**', 'out/renderer/**', 'package.json'])
    expect(config.extraResources).toEqual([{ from: 'resources/cards', to: 'cards' }])
  })
  it('holds no browser host, no launcher, no server, no test', () => {
    expect(relative).toContain('main/services/session.ts')
    const foreign = relative.filter(
      (file) => /^(test|server|renderer|main\/launch)\//.test(file) || /^main\/(browser\.ts|ipc\/browser)/.test(file),
    )
    expect(foreign).toEqual([])
  })
  it('takes out no module that the desk needs', () => {
    const excluded = config.files.flatMap(
      (pattern) => /^!node_modules\/\{([^}]+)\}\/\*\*$/.exec(pattern)?.[1]?.split(',') ?? [],
    )
    expect(excluded).toContain('fastify')
    const needed = [...packed].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?!import type)(?:import|export)[^'\n]*?from '([^.'][^']*)'/gm)].map(
        ([, name]) => name!,
      ),
    )
    const modules = [...new Set(needed.filter((name) => !name.startsWith('node:') && name !== 'electron'))]
    expect(modules).toContain('better-sqlite3')
    for (const name of modules) expect(excluded, name).not.toContain(name.split('/')[0])
    const { dependencies } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    for (const name of modules)
      expect(
        Object.keys(dependencies).some((known) => name === known || name.startsWith(`${known}/`)),
        name,
      ).toBe(true)
  })
  it('closes Electron: fuses, archive, native modules outside it', () => {
    expect(config.electronFuses).toMatchObject({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      enableCookieEncryption: true,
      grantFileProtocolExtraPrivileges: false,
    })
    expect(config).toMatchObject({ asar: true, asarUnpack: ['**/*.node'], npmRebuild: false })
  })
  it('names targets and files of every system', () => {
    expect(config.linux.target).toEqual(['AppImage', 'deb', 'rpm'])
    expect(config.win.target).toEqual(['nsis'])
    expect(config.mac).toMatchObject({ target: ['dmg'], hardenedRuntime: true })
    for (const file of [config.linux.icon, config.win.icon, config.mac.icon, config.mac.entitlements])
      expect(existsSync(resolve(ROOT, file)), file).toBe(true)
  })
  it('is built from explicit entries: one main, one card worker, one preload', () => {
    const source = readFileSync(resolve(ROOT, 'electron.vite.config.ts'), 'utf8')
    const entries = [...source.matchAll(/'((?:main|preload|server|test)\/[^']+\.ts)'/g)].map(([, name]) => name)
    expect(entries).toEqual(['main/index.ts', 'main/cards/worker/index.ts', 'preload/index.ts'])
    expect(readFileSync(resolve(ROOT, 'main/index.ts'), 'utf8').split('\n').length).toBeLessThan(61)
  })
})
