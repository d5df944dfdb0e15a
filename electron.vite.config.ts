import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { build, type Plugin, type UserConfig } from 'vite'
import { firstFrame } from './renderer/ui/first-frame.ts'
import { checksFiles, verifyPageConfig } from './renderer/verify/build-page.ts'
import { buildVerifier } from './server/verifier/build.ts'
import { DESK_CALL_NAMES, DESK_EVENT_NAMES } from './shared/contract/desk.ts'

/**
 * Every entry of the product, named one by one. The desk's pages and the server's console are two applications over
 * one set of parts (renderer/ui): the desk goes to out/renderer with relative addresses (it is served from a custom
 * scheme or from 127.0.0.1), the console to out/console under /console/.
 */
const root = import.meta.dirname
const screens = {
  target: 'chrome140',
  minify: true,
  sourcemap: false,
  emptyOutDir: true,
  assetsInlineLimit: 0,
  chunkSizeWarningLimit: 750,
} as const

/** What a page needs at once in one file, not in a dozen: each is a request, and to the server a handshake besides. */
const atOnceInOne = { codeSplitting: { groups: [{ name: 'first', tags: ['$initial' as const] }] } }

export const deskConfig = {
  root: resolve(root, 'renderer/desk'),
  base: './',
  publicDir: resolve(root, 'resources/icons'),
  plugins: [react(), firstFrame()],
  build: {
    ...screens,
    outDir: resolve(root, 'out/renderer'),
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: resolve(root, 'renderer/desk/index.html') }, output: atOnceInOne },
  },
} satisfies UserConfig

export const consoleConfig = {
  root: resolve(root, 'renderer/console'),
  base: '/console/',
  publicDir: resolve(root, 'resources/icons'),
  plugins: [react(), firstFrame()],
  worker: checksFiles,
  build: {
    ...screens,
    outDir: resolve(root, 'out/console'),
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: resolve(root, 'renderer/console/index.html') }, output: atOnceInOne },
  },
} satisfies UserConfig

/** electron-vite knows one renderer; the console is built right after it, with its own configuration. */
const consoleAfterDesk = (): Plugin => ({
  name: 'countersign:console',
  apply: 'build',
  closeBundle: {
    sequential: true,
    async handler() {
      await build({ ...consoleConfig, configFile: false })
      await build({ ...verifyPageConfig, configFile: false })
      await buildVerifier()
    },
  },
})

export default defineConfig({
  main: {
    build: {
      outDir: resolve(root, 'out/main'),
      minify: false,
      rolldownOptions: {
        input: { index: resolve(root, 'main/index.ts'), 'card-worker': resolve(root, 'main/cards/worker/index.ts') },
      },
    },
  },
  preload: {
    // The names of the contract alone: its schemas would bring a whole parser into the sandboxed page.
    define: {
      __DESK_CALL_NAMES__: JSON.stringify(DESK_CALL_NAMES),
      __DESK_EVENT_NAMES__: JSON.stringify(DESK_EVENT_NAMES),
    },
    build: {
      outDir: resolve(root, 'out/preload'),
      // A sandboxed preload is one CommonJS file.
      rolldownOptions: {
        input: { index: resolve(root, 'preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: { ...deskConfig, plugins: [...deskConfig.plugins, consoleAfterDesk()] },
})
