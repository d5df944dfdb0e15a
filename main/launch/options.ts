import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What `npm start` was asked for. Unknown words are refused with the name of the word. */
export interface LaunchOptions {
  headless: boolean
  check: boolean
  dev: boolean
  pcsc: boolean
  browser: boolean
  softwareKeys: boolean
  /** Absolute; null for an instance of its own that is deleted at the end (`--check`). */
  data: string | null
  port: number | null
}

export function parseOptions(args: readonly string[], root: string): LaunchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      headless: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      dev: { type: 'boolean', default: false },
      pcsc: { type: 'boolean', default: false },
      browser: { type: 'boolean', default: false },
      'software-keys': { type: 'boolean', default: false },
      data: { type: 'string' },
      port: { type: 'string' },
    },
    strict: true,
  })
  const port = values.port === undefined ? null : Number(values.port)
  if (port !== null && !(Number.isInteger(port) && port > 0 && port < 65_536))
    throw new Error(`--port ${values.port}: give a number from 1 to 65535`)
  const data = values.data === undefined ? (values.check ? null : resolve(root, '.countersign')) : resolve(values.data)
  return {
    headless: values.headless,
    check: values.check,
    dev: values.dev,
    pcsc: values.pcsc,
    browser: values.browser,
    softwareKeys: values['software-keys'],
    data,
    port,
  }
}
