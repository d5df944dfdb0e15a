import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const root = resolve(import.meta.dirname, '../../..')

/** Serves or builds the fake page; never part of the product's build. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  publicDir: resolve(root, 'resources/icons'),
  cacheDir: resolve(root, 'node_modules/.vite-fake-desk'),
  plugins: [react()],
  server: { host: '127.0.0.1', fs: { allow: [root] } },
  build: { outDir: resolve(root, 'out/fake-desk'), emptyOutDir: true, target: 'chrome140' },
})
