import { readdirSync, readFileSync } from 'node:fs'

export interface Descendant {
  pid: number
  command: string
}

/** Every process below one, by /proc: children, their children, and so on. */
export function descendantsOf(pid: number): Descendant[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        // The name of the program stands in brackets and may hold spaces.
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), command }]
      } catch {
        // It ended while we looked.
        return []
      }
    })
  const below = (parent: number): Descendant[] =>
    processes
      .filter((one) => one.parent === parent)
      .flatMap((one) => [{ pid: one.pid, command: one.command }, ...below(one.pid)])
  return below(pid)
}
