import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseConfig } from '../../../../server/config.ts'
import { isHeldByAnother, takeLease } from '../../../../server/shell/lease.ts'

vi.setConfig({ testTimeout: 60_000 })
const example = readFileSync(new URL('../../../../resources/config/server.example.json', import.meta.url), 'utf8')
const starter = new URL('./lease-starter.ts', import.meta.url).pathname
const hasProc = existsSync('/proc/self/stat')

let folder: string
let file: string
let config: ReturnType<typeof parseConfig>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lease-'))
  config = parseConfig(JSON.parse(example) as unknown, folder)
  mkdirSync(join(folder, 'data'))
  file = join(folder, `data/audit.db.${config.name}.lease`)
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('when a lease was left', () => {
  it.each([
    ['by a process that is gone', '4194303 boot:1', false],
    ['by one whose id another process has by now', `${process.ppid} another-boot:1`, !hasProc],
    ['by a version that wrote the id alone, and it runs', String(process.ppid), true],
    ['with nothing in it', '', false],
  ])('%s', async (_, text, isHeld) => {
    writeFileSync(file, text)
    expect(await isHeldByAnother(config)).toBe(isHeld)
    if (isHeld) return expect(takeLease(config)).rejects.toThrow('CONFIG_INVALID')
    const lease = await takeLease(config)
    expect(readFileSync(file, 'utf8').split(' ')[0]).toBe(String(process.pid))
    lease.release()
    // Nothing is left beside it either.
    expect(readdirSync(join(folder, 'data'))).toEqual([])
  })

  it('and a turn with it: refused once, free at the next start', async () => {
    writeFileSync(file, '4194303')
    writeFileSync(`${file}.turn`, '4194303')
    await expect(takeLease(config)).rejects.toThrow('CONFIG_INVALID')
    ;(await takeLease(config)).release()
  })
})

describe('when many start at once and find one that was left', () => {
  it('one of them holds it', async () => {
    const children: ChildProcess[] = []
    try {
      writeFileSync(file, '4194303 boot:1')
      const at = String(Date.now() + 4000)
      const said = Array.from({ length: 6 }, () => {
        const child = spawn(process.execPath, [starter, example, folder, at], { stdio: ['ignore', 'pipe', 'inherit'] })
        children.push(child)
        return new Promise<string>((resolve) =>
          child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim())),
        )
      })
      const answers = await Promise.all(said)
      expect(answers.filter((one) => one === 'held')).toHaveLength(1)
      expect(new Set(answers)).toEqual(new Set(['held', 'CONFIG_INVALID']))
    } finally {
      for (const child of children) child.kill('SIGKILL')
    }
  })
})
