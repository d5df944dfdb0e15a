import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'

const Manifest = z.object({ version: z.string().regex(/^\d+\.\d+\.\d+/) })

/** The product's version, as its manifest says. */
export const VERSION = Manifest.parse(
  JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')),
).version
