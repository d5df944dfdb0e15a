import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '..')

/** One file, several projects: `vitest run --config test/vitest.config.ts --project unit`. */
export default defineConfig({
  root,
  test: {
    projects: ['unit', 'architecture', 'integration', 'interop', 'e2e'].map((name) => ({
      root,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`, `test/${name}/**/*.test.tsx`],
        testTimeout: name === 'unit' ? 15_000 : 120_000,
        hookTimeout: name === 'unit' ? 30_000 : 180_000,
        pool: 'forks' as const,
        fileParallelism: name !== 'e2e' && name !== 'interop',
      },
    })),
  },
})
