import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const FOLDERS = ['shared', 'preload', 'main', 'server', 'renderer', 'test'] as const
const MODULE = /(?:^|\s)(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm

interface Import {
  from: string
  to: string
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mts|mjs)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
  return [...text.matchAll(MODULE)].map((match) => {
    const target = match[1] ?? match[2]!
    return { from: file, to: target.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), target)) : target }
  })
}

const files = FOLDERS.flatMap(sources)
const imports = files.flatMap(importsOf)
const under = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)
const ours = (path: string) => FOLDERS.some((folder) => under(path, folder))
const show = (list: Import[]) => list.map((i) => `${i.from} → ${i.to}`)

/** The one folder of screens that judges signatures itself, in the browser. */
const isCheckOfFiles = ({ from, to }: Import): boolean =>
  under(from, 'renderer/verify') &&
  ['shared/exports', 'shared/pki', 'shared/ades', 'shared/pades', 'shared/audit'].some((folder) => under(to, folder))

/** Who may import whom (STYLE "Layout"). Every rule lists what breaks it, so that the message is the place to mend. */
const RULES: [string, (i: Import) => boolean][] = [
  [
    'shared imports nothing of ours outside itself',
    (i) => under(i.from, 'shared') && ours(i.to) && !under(i.to, 'shared'),
  ],
  [
    'shared/contract imports nothing but itself',
    (i) => under(i.from, 'shared/contract') && ours(i.to) && !under(i.to, 'shared/contract'),
  ],
  [
    'shared touches no disk, network, Electron or screen',
    (i) =>
      under(i.from, 'shared') &&
      /^(electron|react|node:(fs|net|http|https|tls|child_process|worker_threads|os)(\/.*)?)$/.test(i.to),
  ],
  [
    'preload imports only Electron and the contract',
    (i) =>
      under(i.from, 'preload') &&
      !/^electron(\/renderer)?$/.test(i.to) &&
      !under(i.to, 'preload') &&
      !under(i.to, 'shared/contract'),
  ],
  [
    'renderer imports only the contract and its own',
    (i) =>
      under(i.from, 'renderer') &&
      ((ours(i.to) && !under(i.to, 'renderer') && !under(i.to, 'shared/contract') && !isCheckOfFiles(i)) ||
        i.to.startsWith('node:') ||
        i.to === 'electron'),
  ],
  [
    'desk screens and console do not import each other',
    (i) =>
      (under(i.from, 'renderer/desk') && under(i.to, 'renderer/console')) ||
      (under(i.from, 'renderer/console') && under(i.to, 'renderer/desk')),
  ],
  [
    'renderer/ui imports neither screen',
    (i) => under(i.from, 'renderer/ui') && (under(i.to, 'renderer/desk') || under(i.to, 'renderer/console')),
  ],
  [
    'main imports shared and its own',
    (i) =>
      under(i.from, 'main') &&
      !under(i.from, 'main/launch') &&
      ours(i.to) &&
      !under(i.to, 'main') &&
      !under(i.to, 'shared'),
  ],
  [
    'nothing of main imports the development launcher',
    (i) => !under(i.from, 'main/launch') && !under(i.from, 'test') && under(i.to, 'main/launch'),
  ],
  [
    'server imports shared and its own',
    (i) => under(i.from, 'server') && ours(i.to) && !under(i.to, 'server') && !under(i.to, 'shared'),
  ],
  [
    'nothing but the launcher imports test',
    (i) => !under(i.from, 'test') && !under(i.from, 'main/launch') && under(i.to, 'test'),
  ],
  ['the launcher does not import the server', (i) => under(i.from, 'main/launch') && under(i.to, 'server')],
  [
    'electron is imported only where its parts live',
    (i) =>
      i.to === 'electron' &&
      !['main/index.ts', 'main/windows', 'main/system', 'main/ipc', 'preload', 'test/fakes/electron', 'test/unit'].some(
        (place) => under(i.from, place),
      ),
  ],
  [
    'services use ports, only compose wires',
    (i) =>
      under(i.from, 'main/services') &&
      ['main/cards', 'main/remote', 'main/store', 'main/ipc', 'main/windows'].some((place) => under(i.to, place)),
  ],
  [
    'server routes go through services',
    (i) => under(i.from, 'server/routes') && ['server/db', 'server/hsm'].some((place) => under(i.to, place)),
  ],
  [
    'server databases and key stores know nothing above them',
    (i) =>
      ['server/db', 'server/hsm'].some((place) => under(i.from, place)) &&
      ['server/routes', 'server/services', 'server/hooks', 'server/identity', 'server/vault'].some((place) =>
        under(i.to, place),
      ),
  ],
]

describe('when modules import each other', () => {
  it('finds the sources', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(imports.length).toBeGreaterThan(300)
  })

  it.each(RULES)('%s', (_name, breaks) => {
    expect(show(imports.filter(breaks))).toEqual([])
  })

  it('makes no cycle', () => {
    const graph = new Map<string, string[]>()
    for (const { from, to } of imports) if (ours(to)) graph.set(from, [...(graph.get(from) ?? []), to])
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (file: string, path: string[]) => {
      const seen = path.indexOf(file)
      if (seen >= 0) {
        cycles.push([...path.slice(seen), file].join(' → '))
        return
      }
      if (done.has(file)) return
      for (const next of graph.get(file) ?? []) walk(next, [...path, file])
      done.add(file)
    }
    for (const file of graph.keys()) walk(file, [])
    expect(cycles).toEqual([])
  })
})

describe('when the tree is looked over', () => {
  it('has a README in every folder of code', () => {
    const wanted = [
      'main',
      'main/cards',
      'preload',
      'renderer',
      'server',
      'server/audit',
      'server/db',
      'server/ca',
      'server/hsm',
      'shared',
      'shared/pki',
      'shared/audit',
      'shared/contract',
      'test',
      'resources',
    ]
    const missing = wanted.filter((folder) => !readdirSync(join(ROOT, folder)).includes('README.md'))
    expect(missing).toEqual([])
  })

  it('has no folder or file that says nothing', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|managers?)(\.|\/|-)/.test(file))).toEqual([])
  })
})
