import { randomUUID } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../../shared/contract/errors.ts'

export interface Lease {
  release(): void
}

/** Who holds a lease: a process id, which another process may be given later, and when that process began. */
interface Holder {
  readonly pid: number
  /** Null where the system does not tell: then the file's own time, set anew while it is held, shows that it is. */
  readonly began: string | null
}

const BEAT_MS = 10_000
const BEAT_LOST_MS = 60_000

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const readText = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not there, or not ours to read: the caller goes by what it knows otherwise.
    return null
  }
}

/** Start of the process in clock ticks and the boot they are counted from, proc(5); null where there is no such file. */
const beganOf = (pid: number): string | null => {
  const stat = readText(`/proc/${pid}/stat`)
  const boot = readText('/proc/sys/kernel/random/boot_id')
  // The name in parentheses may hold anything: fields are counted from behind it; the start is field 22.
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return boot === null || ticks === undefined ? null : `${boot.trim()}:${ticks}`
}

const holderOf = (file: string): Holder | null => {
  const [first, began] = (readText(file) ?? '').trim().split(' ')
  const pid = Number(first)
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, began: began ?? null } : null
}

const isFresh = (file: string): boolean => {
  const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
  return Date.now() - mtimeMs < BEAT_LOST_MS
}

/** Whether another process that still runs holds it; one with its id that began at another time does not. */
const isHeld = (file: string, holder: Holder | null): boolean => {
  if (holder === null || holder.pid === process.pid || !isRunning(holder.pid)) return false
  const began = beganOf(holder.pid)
  if (began !== null) return holder.began === null || holder.began === began
  return isFresh(file)
}

/** Whether another process that still runs holds the lease of this file. */
export const isFileLeaseHeld = (file: string): boolean => isHeld(file, holderOf(file))

const inUse = (holder: Holder | null): AppError =>
  new AppError('CONFIG_INVALID', { reason: 'in-use', ...(holder ? { pid: holder.pid } : {}) })

/** True where the file is now `made`, whole; false where there was one. */
const isLinked = (made: string, file: string): boolean => {
  try {
    linkSync(made, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * In place of a holder that is gone. Of those that see it at once one has the turn, looks once more, and puts its own
 * file there in one step: the others find a turn that is taken, or a holder that runs.
 */
const takeOver = (made: string, file: string): void => {
  const turn = `${file}.turn`
  if (!isLinked(made, turn)) {
    const other = holderOf(turn)
    // Left by a process that was killed in its turn; the next start has a free one.
    if (!isHeld(turn, other)) rmSync(turn, { force: true })
    throw inUse(other)
  }
  try {
    const holder = holderOf(file)
    if (isHeld(file, holder)) throw inUse(holder)
    // Given back meanwhile: whoever comes first has it, with a turn or without.
    if (existsSync(file)) renameSync(made, file)
    else if (!isLinked(made, file)) throw inUse(holderOf(file))
  } finally {
    rmSync(turn, { force: true })
  }
}

/**
 * A file with the holder's process id and start; one left by a killed process is taken over. Throws CONFIG_INVALID
 * (`in-use`, the process id).
 */
export const takeFileLease = (file: string): Lease => {
  const holder = holderOf(file)
  if (isHeld(file, holder)) throw inUse(holder)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const began = beganOf(process.pid)
  const made = `${file}.${randomUUID()}`
  writeFileSync(made, began === null ? String(process.pid) : `${process.pid} ${began}`, { mode: 0o600, flag: 'wx' })
  try {
    if (!isLinked(made, file)) takeOver(made, file)
  } finally {
    rmSync(made, { force: true })
  }
  const beat = (): void => {
    if (holderOf(file)?.pid === process.pid) utimesSync(file, new Date(), new Date())
  }
  const beating = began === null ? setInterval(beat, BEAT_MS).unref() : null
  return {
    release: () => {
      if (beating) clearInterval(beating)
      if (holderOf(file)?.pid === process.pid) rmSync(file, { force: true })
    },
  }
}
