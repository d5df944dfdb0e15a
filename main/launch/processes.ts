import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { join, resolve } from 'node:path'
import { node24, ROOT, toolEnvironment } from './setup.mjs'

/** A program of ours that runs until it is stopped, and the JSON line it printed when it was ready. */
export interface RunningProgram {
  readonly name: string
  readonly child: ChildProcess
  readonly ready: Record<string, unknown>
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

export interface ProgramStart {
  name: string
  /** Its file, from the repository's folder where it is not absolute. */
  script: string
  args: readonly string[]
  env?: Record<string, string>
  readyTimeoutMs?: number
  /** Called with each further JSON line it prints. */
  onLine?: (line: Record<string, unknown>) => void
  /** Where what it writes is kept, from the last start only. */
  logFile?: string
}

const FOLLOW = join(ROOT, 'main/launch/follow-parent.mjs')

/**
 * Starts a program in a process group of its own, and waits for its `{"ready":true,…}` line. Its standard input stays
 * open to us: when we die the program ends by itself. What it writes before it is ready is shown if it fails.
 */
export async function startProgram(start: ProgramStart): Promise<RunningProgram> {
  const child = spawn(
    node24(),
    ['--disable-warning=ExperimentalWarning', '--import', FOLLOW, resolve(ROOT, start.script), ...start.args],
    {
      cwd: ROOT,
      env: toolEnvironment(start.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    },
  )
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  const errors: string[] = []
  const log = start.logFile === undefined ? null : createWriteStream(start.logFile, { mode: 0o600 })
  if (log !== null) {
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
  }
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line)
    if (errors.length > 200) errors.shift()
  })
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const fail = (why: string) => {
      const words = errors.length > 0 ? `:\n${errors.slice(-15).join('\n')}` : '.'
      reject(new Error(sentenceFor(errors) ?? `${start.name} ${why}${words}`))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail('did not become ready in time')
    }, start.readyTimeoutMs ?? 60_000)
    void ended.then(({ code, signal }) => fail(`ended before it was ready (${signal ?? `exit code ${code}`})`))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = jsonLine(line)
      if (message?.['ready'] === true) {
        clearTimeout(timer)
        resolve(message)
      } else if (message !== null) start.onLine?.(message)
    })
  })
  return { name: start.name, child, ready, ended }
}

/** Asks a program to end, and ends it for good after the time given. */
export async function stopProgram(program: RunningProgram, graceMs = 8000): Promise<void> {
  if (program.child.exitCode !== null || program.child.signalCode !== null) return
  program.child.kill('SIGTERM')
  const timer = setTimeout(() => program.child.kill('SIGKILL'), graceMs)
  await program.ended
  clearTimeout(timer)
}

/** Runs a script of ours to its end and gives what it printed; its error output becomes the message when it fails. */
export async function runScript(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const child = spawn(node24(), ['--disable-warning=ExperimentalWarning', join(ROOT, script), ...args], {
    cwd: ROOT,
    env: toolEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let error = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${script} ${args[0] ?? ''} failed:\n${error.trim() || out.trim()}`)
  return out
}

function jsonLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    // A line of text that only looks like one of ours.
    return null
  }
}

/** What a program said of why it does not start, where it is something a person can mend. */
function sentenceFor(errors: readonly string[]): string | null {
  const said = errors.map(jsonLine).find((message) => message?.['ready'] === false)
  const detail = said?.['detail'] as { reason?: string; pid?: number } | undefined
  if (detail?.reason !== 'in-use') return null
  return `This instance is in use by another server (process ${detail.pid}). Stop that one first, or start another instance with --data DIR.`
}
