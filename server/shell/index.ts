import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

// Before anything else is imported: the database library ends an older Node with a segmentation fault.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`Countersign needs Node 24 or newer; this is ${process.version}.\n`)
  process.exit(1)
}

const { AppError } = await import('../../shared/contract/errors.ts')
const { readConfig } = await import('../config.ts')
const { makeLog } = await import('../log/log.ts')
const { COMMAND_NAMES, COMMAND_OPTIONS, runCommand } = await import('./commands.ts')
const { takeLease } = await import('./lease.ts')
const { readPlan } = await import('./plan.ts')
const { setUp } = await import('./setup.ts')

const usage = `usage: node server/shell/index.ts --config FILE COMMAND [options] [--json]

  setup --plan FILE --out FILE    makes databases, keys, CA, offices, stations, operators (again: only what is missing)
${COMMAND_NAMES.map((name) => `  ${name}`).join('\n')}

options: ${Object.keys(COMMAND_OPTIONS)
  .map((name) => `--${name}`)
  .join(' ')}
The server must not be running: each chain has one writer.
`

const run = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      plan: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      ...COMMAND_OPTIONS,
    },
  })
  if (values.help === true || values.config === undefined || positionals.length === 0) {
    process.stdout.write(usage)
    return values.help === true ? 0 : 2
  }
  const config = readConfig(values.config)
  const log = makeLog(config.log.level === 'info' ? 'error' : config.log.level)
  const lease = takeLease(config)
  try {
    const answer =
      positionals.join(' ') === 'setup'
        ? await setUp(config, readPlan(values.plan ?? ''), log)
        : await runCommand(config, positionals, values, log)
    const text = JSON.stringify(answer, null, values.json === true ? undefined : 2)
    if (values.out === undefined) process.stdout.write(`${text}\n`)
    else writeFileSync(values.out, `${text}\n`, { mode: 0o600 })
    return 0
  } finally {
    lease.release()
  }
}

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const told =
      error instanceof AppError ? { code: error.code, detail: error.detail } : { code: 'INTERNAL', detail: {} }
    process.stderr.write(`${JSON.stringify(told)}\n`)
    if (!(error instanceof AppError)) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    else if (error.cause instanceof Error) process.stderr.write(`${error.cause.stack ?? error.cause.message}\n`)
    process.exit(1)
  },
)
