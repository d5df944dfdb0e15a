import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

// Before anything else is imported: the database library ends an older Node with a segmentation fault.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`Countersign needs Node 24 or newer; this is ${process.version}.\n`)
  process.exit(1)
}

const { readConfig } = await import('../config.ts')
const { makeLog } = await import('../log/log.ts')
const { adviceFor, EXIT, exitOf, FLAGS, OPTIONS } = await import('./command.ts')
const { COMMANDS, runCommand } = await import('./commands.ts')
const { AppError } = await import('../../shared/contract/errors.ts')
const { takeLease } = await import('./lease.ts')
const { readPlan } = await import('./plan.ts')
const { setUp } = await import('./setup.ts')
const { terminalOf } = await import('./terminal.ts')

const lines = Object.entries(COMMANDS).map(([name, command]) => {
  const { summary, words, access } = command
  const call = words === undefined ? name : `${name} ${words}`
  const mark = access === 'read' ? ' ' : command.beside ? '+' : '*'
  return `  ${call.padEnd(34)} ${mark} ${summary}`
})
const usage = `usage: countersign-server --config FILE COMMAND [options] [--json]

  ${'setup --plan FILE --out FILE'.padEnd(34)} * makes databases, keys, CA, offices, stations, operators (again: only what is missing)
${lines.join('\n')}

* writes the chain: the server must not be running. + is done by the server while it runs. All else works beside it.
options: ${[...OPTIONS, ...FLAGS].map((name) => `--${name}`).join(' ')}
times: ISO 8601 or ms since 1970, UTC; several values: a,b
ends with 0 done, 1 wrong words, 2 a verification found a fault, 3 refused, 4 the server is running, 70 a fault of ours, 130 ended by Ctrl-C
`

type Flags = Record<(typeof FLAGS)[number], { type: 'boolean' }>
type Options = Record<(typeof OPTIONS)[number], { type: 'string' }>
const flags = Object.fromEntries(FLAGS.map((name) => [name, { type: 'boolean' }])) as Flags
const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' }])) as Options

const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      plan: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      ...options,
      ...flags,
    },
  })

const run = async (): Promise<number> => {
  const { values, positionals } = parse()
  if (values.help === true || values.config === undefined || positionals.length === 0) {
    process.stdout.write(usage)
    return values.help === true ? EXIT.ok : EXIT.usage
  }
  const config = readConfig(values.config)
  const log = makeLog(config.log.level === 'info' ? 'error' : config.log.level)
  if (positionals.join(' ') === 'setup') {
    const lease = await takeLease(config)
    try {
      const made = await setUp(config, readPlan(values.plan ?? ''), log)
      const text = JSON.stringify(made, null, values.json === true ? undefined : 2)
      if (values.out === undefined) process.stdout.write(`${text}\n`)
      else writeFileSync(values.out, `${text}\n`, { mode: 0o600 })
      return EXIT.ok
    } finally {
      lease.release()
    }
  }
  const answer = await runCommand(config, positionals, values, log, terminalOf(process.stderr, process))
  const text =
    values.json === true ? JSON.stringify(answer.value) : (answer.text ?? JSON.stringify(answer.value, null, 2))
  process.stdout.write(`${text}\n`)
  return answer.exit ?? EXIT.ok
}

/** Wrong options are the caller's, as parseArgs names them. */
const isUsage = (error: unknown): error is Error =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (isUsage(error)) {
      process.stderr.write(`${error.message}\n`)
      process.exit(EXIT.usage)
    }
    const told =
      error instanceof AppError ? { code: error.code, detail: error.detail } : { code: 'INTERNAL', detail: {} }
    const advice = adviceFor(error)
    process.stderr.write(`${JSON.stringify(advice === null ? told : { ...told, advice })}\n`)
    if (!(error instanceof AppError)) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    else if (error.cause instanceof Error) process.stderr.write(`${error.cause.stack ?? error.cause.message}\n`)
    process.exit(exitOf(error))
  },
)
