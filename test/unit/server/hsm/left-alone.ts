import { openPkcs11KeyStore } from '../../../../server/hsm/open.ts'

/** A program that opens a key store, says which process holds the module, and is killed by who started it. */
const [, , libraryPath = '', tokenLabel = '', pinFile = '', softHsmTokenDir = ''] = process.argv
const config = {
  kind: 'hsm',
  libraryPath,
  tokenLabel,
  pinFile,
  softHsmTokenDir,
  timeoutMs: 10_000,
  sessions: 4,
} as const
const store = await openPkcs11KeyStore(config)
process.stdout.write(`${store.pid}\n`)
setInterval(() => undefined, 1000)
