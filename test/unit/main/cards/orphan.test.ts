import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { makeCardFolder, VIRTUAL_CARD_MODULE } from '../../../fakes/card/card-folder.ts'

const ENTRY = fileURLToPath(new URL('./orphan-main.ts', import.meta.url))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

it('ends the worker when its desk is killed', async () => {
  const folder = makeCardFolder({ one: {} }, [{ name: 'A', card: 'one' }])
  const desk = spawn(process.execPath, [ENTRY, VIRTUAL_CARD_MODULE, folder.folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: desk.stdout })) {
    lines.push(line)
    if (line === 'ready') break
  }
  const worker = Number(lines[0])
  expect(isAlive(worker)).toBe(true)
  desk.kill('SIGKILL')
  await expect.poll(() => isAlive(worker), { interval: 50, timeout: 30_000 }).toBe(false)
  folder.remove()
}, 90_000)
