import { enableCompileCache } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

// Before anything else is imported: the database library ends an older Node with a segmentation fault.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(`Countersign needs Node 24 or newer; this is ${process.version}.\n`)
  process.exit(1)
}

const usage = 'usage: node server/index.ts --config FILE\n'

const readArguments = (): { config?: string | undefined; help?: boolean | undefined } => {
  try {
    return parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    return process.exit(2)
  }
}
const values = readArguments()
// Compiled modules are kept beside the configuration, in a folder only the server's own user may write: later starts
// take half the time. Where it cannot be written the start is slower, nothing else.
if (values.config !== undefined) enableCompileCache(join(dirname(resolve(values.config)), '.compile-cache'))

const { readConfig } = await import('./config.ts')
const { makeLog } = await import('./log/log.ts')
const { compose } = await import('./compose.ts')
const { takeLease } = await import('./shell/lease.ts')
const { AppError } = await import('../shared/contract/errors.ts')

const start = async (): Promise<void> => {
  if (values.help === true || values.config === undefined) {
    process.stdout.write(usage)
    process.exitCode = values.help === true ? 0 : 2
    return
  }
  const config = readConfig(values.config)
  const log = makeLog(config.log.level)
  const lease = await takeLease(config)
  // Every answer parsed by its schema once more: for those who change the program, not for those who wait for it.
  const { NODE_ENV: kind, CI } = process.env
  const checkAnswers = kind === 'test' || kind === 'development' || CI === 'true'
  const server = await compose(config, log, { checkAnswers }).catch((error: unknown) => {
    lease.release()
    throw error
  })
  let isClosing = false
  const close = (signal: string): void => {
    if (isClosing) return
    isClosing = true
    log.info({ signal }, 'closing')
    server
      .close()
      .catch((error: unknown) => {
        log.error({ cause: error instanceof Error ? error.stack : String(error) }, 'close failed')
        process.exitCode = 1
      })
      .finally(() => {
        lease.release()
        process.exit()
      })
  }
  process.on('SIGTERM', () => close('SIGTERM'))
  process.on('SIGINT', () => close('SIGINT'))
  await server.app.listen({ host: config.listen.host, port: config.listen.port })
  const address = server.app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.listen.port
  const host = config.listen.host.includes(':') ? `[${config.listen.host}]` : config.listen.host
  const url = `https://${host}:${port}`
  log.info({ url, name: config.name, keys: server.foundation.keys.kind }, 'ready')
  process.stdout.write(
    `${JSON.stringify({ ready: true, url, name: config.name, keys: server.foundation.keys.kind })}\n`,
  )
}

start().catch((error: unknown) => {
  const told = error instanceof AppError ? { code: error.code, detail: error.detail } : { code: 'INTERNAL', detail: {} }
  process.stderr.write(`${JSON.stringify({ ready: false, ...told })}\n`)
  if (!(error instanceof AppError) && error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`)
  process.exit(1)
})
