import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'vite'
import { ROOT } from './setup.mjs'

/**
 * What `npm start` runs: each program as one file and what it loads later, so that a start reads a dozen files and not
 * twelve hundred. Development, tests and the packaged desk do not use it; no package contains it.
 * Every place a source names beside itself stays where the source is: threads, resources and native modules are the same.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  launch: 'main/launch/launch.ts',
  desk: 'main/browser.ts',
  'card-worker': 'main/cards/worker/index.ts',
  server: 'server/index.ts',
  'key-store-worker': 'server/hsm/process/worker.ts',
}
/** Native modules, and tools that are loaded only where a developer asks for them. */
const LEFT_OUT = ['better-sqlite3', 'pkcs11js', 'pcsc-mini', 'pg-native', 'electron', 'vite']

const BESIDE = /new URL\('(\.[^']+)', import\.meta\.url\)/g
const slashes = (path: string): string => path.replaceAll('\\', '/')

/** Rewrites where a source says it is; a program named beside it is the built one. `import .meta` is not found again. */
const sourcePlaces = (out: string): Plugin => ({
  name: 'countersign:source-places',
  enforce: 'pre',
  transform(code, id) {
    const file = resolve(id.split('?')[0] ?? id)
    const isOurs = file.startsWith(ROOT) && !file.includes('node_modules')
    if (!isOurs || !code.includes('import.meta.')) return null
    const from = (path: string): string => slashes(relative(out, path))
    const builtOf = (target: string): string | undefined => {
      const wanted = slashes(relative(ROOT, resolve(dirname(file), target)))
      return Object.keys(PROGRAMS).find((name) => PROGRAMS[name] === wanted)
    }
    return code
      .replace(BESIDE, (whole, target: string) => {
        const name = builtOf(target)
        return name === undefined ? whole : `new URL('./${name}.js', import .meta.url)`
      })
      .replaceAll('import.meta.url', `new URL('${from(file)}', import .meta.url).href`)
      .replaceAll('import.meta.dirname', `(import .meta.dirname + '/${from(dirname(file))}')`)
  },
})

/** Builds them into a folder below the repository's, which is emptied; throws with what the bundler says. */
export const bundlePrograms = async (out: string): Promise<void> => {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    plugins: [sourcePlaces(out)],
    ssr: { noExternal: true, external: LEFT_OUT, target: 'node' },
    build: {
      ssr: true,
      target: 'node24',
      outDir: out,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(PROGRAMS).map(([name, file]) => [name, join(ROOT, file)])),
        // All in one folder: the places above are relative to it.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
}

const [, started = '', out = 'out/programs'] = process.argv
if (import.meta.url === pathToFileURL(started).href) await bundlePrograms(resolve(ROOT, out))
