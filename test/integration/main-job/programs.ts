import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { node24, ROOT } from '../../../main/launch/setup.mjs'

/** A program of ours as a person starts it, with what it printed; and all processes it started, told by a mark. */
export class Started {
  readonly child: ChildProcess
  readonly mark: string
  out = ''
  error = ''
  readonly ended: Promise<{ code: number | null; signal: string | null }>

  constructor(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    // Every process started below this one inherits it: whoever still has it when we are done was left behind.
    this.mark = `COUNTERSIGN_TEST_MARK=${process.pid}-${Math.random().toString(36).slice(2)}`
    const [name = '', value = ''] = this.mark.split('=')
    this.child = spawn(node24(), ['--disable-warning=ExperimentalWarning', join(ROOT, script), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env, [name]: value },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', (part: Buffer) => (this.out += part.toString()))
    this.child.stderr?.on('data', (part: Buffer) => (this.error += part.toString()))
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }))
  }

  /** Waits for a text on standard output. */
  async says(text: string, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!this.out.includes(text)) {
      if (this.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`it never said "${text}":\n${this.out}\n${this.error}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Process ids of everything started below it that is there now. Linux only; elsewhere none are found. */
  family(): number[] {
    if (process.platform !== 'linux') return []
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(this.mark)
        } catch {
          // It ended while we looked, or belongs to somebody else.
          return false
        }
      })
  }

  /** Waits until nothing of its family is left; gives how long that took. */
  async familyGone(timeoutMs: number): Promise<number> {
    const started = performance.now()
    while (this.family().length > 0) {
      if (performance.now() - started > timeoutMs) throw new Error(`left running: ${this.family().join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return performance.now() - started
  }

  /** For the end of a test, whatever happened in it. */
  endFamily(): void {
    for (const pid of this.family()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }
}
