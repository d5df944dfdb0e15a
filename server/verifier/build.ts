import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type UserConfig } from 'vite'

// By URL: whoever bundles the configuration keeps that of each file, but not its folder.
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The verifier as one file that needs nothing beside it: Node 20 or newer. */
export const verifierConfig = {
  configFile: false,
  root,
  logLevel: 'warn',
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: true,
    target: 'node20',
    outDir: resolve(root, 'out/verify'),
    emptyOutDir: false,
    minify: false,
    rolldownOptions: {
      input: { 'countersign-verify': resolve(root, 'server/verifier/main.ts') },
      output: {
        entryFileNames: '[name].mjs',
        format: 'es',
        codeSplitting: false,
        banner: '#!/usr/bin/env node',
      },
    },
  },
} satisfies UserConfig & { configFile: false }

export const buildVerifier = async (outDir: string = verifierConfig.build.outDir): Promise<void> => {
  await build({ ...verifierConfig, build: { ...verifierConfig.build, outDir } })
}
