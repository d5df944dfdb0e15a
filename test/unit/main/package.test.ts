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

/** Modules that files of the package name when they run. */
const neededModules = (): string[] => {
  const named = [...packed].flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /^(?!import type)(?:import|export)[^'\n]*?from '([^.'][^']*)'|(?:\bimport|createRequire\(import\.meta\.url\))\('([^.'][^']*)'\)/gm,
      ),
    ].map(([, first, later]) => first ?? later!),
  )
  return [...new Set(named.filter((name) => !name.startsWith('node:') && name !== 'electron'))]
}

const excluded = config.files.flatMap((pattern) => {
  const [, many, one] = /^!node_modules\/(?:\{([^}]+)\}|([^/{]+))\/\*\*$/.exec(pattern) ?? []
  return many?.split(',') ?? one ?? []
})
const isExcluded = (name: string): boolean =>
  excluded.some((known) =>
    known.endsWith('*')
      ? name.startsWith(known.slice(0, -1))
      : name === known || (known.startsWith('@') && name.startsWith(`${known}/`)),
  )

interface Locked {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}
const { packages: locked } = JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>
}
/** Where a module finds another, as Node looks for it; undefined for one that is not installed. */
function placeOf(from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`
    if (place in locked) return place
    if (at === '') return undefined
  }
}
/** Modules, with all that they need themselves, by their places in the lock file. */
function bringsAlong(names: readonly string[]): Set<string> {
  const places = new Set<string>()
  const add = (from: string, name: string): void => {
    const place = placeOf(from, name)
    if (place === undefined || places.has(place)) return
    places.add(place)
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = locked[place]!
    const peers = Object.keys(peerDependencies ?? {}).filter((peer) => peerDependenciesMeta?.[peer]?.optional !== true)
    for (const one of Object.keys({ ...dependencies, ...optionalDependencies }).concat(peers)) add(place, one)
  }
  for (const name of names) add('', name)
  return places
}

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
    expect(excluded).toContain('fastify')
    const modules = neededModules()
    expect(modules).toContain('better-sqlite3')
    for (const name of modules) expect(isExcluded(name), name).toBe(false)
    const { dependencies, optionalDependencies } = locked['']!
    const declared = Object.keys({ ...dependencies, ...optionalDependencies })
    for (const name of modules)
      expect(
        declared.some((known) => name === known || name.startsWith(`${known}/`)),
        name,
      ).toBe(true)
  })
  it('takes out all that is only for others, with what it brings along, and nothing else', () => {
    const { dependencies, optionalDependencies } = locked['']!
    const desk = bringsAlong(neededModules().map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/')))
    const all = bringsAlong(Object.keys({ ...dependencies, ...optionalDependencies }))
    const top = (places: Set<string>) =>
      [...places]
        .map((place) => place.slice('node_modules/'.length))
        .filter((place) => !place.includes('/node_modules/'))
    expect(top(all)).toEqual(expect.arrayContaining(['nodemailer', 'croner', 'zod']))
    expect(top(all).filter((name) => !desk.has(`node_modules/${name}`) && !isExcluded(name))).toEqual([])
    expect(top(desk).filter(isExcluded)).toEqual([])
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
