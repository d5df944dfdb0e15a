import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startServer } from '../../../main/launch/server.ts'
import { openDemo } from '../../../main/launch/demo.ts'
import { DEMO_OPERATORS } from '../../../main/launch/demo-operators.ts'
import { stopProgram } from '../../../main/launch/processes.ts'
import { Clerk } from './clerk.ts'
import { Started } from './programs.ts'
import { Stage } from './stage.ts'

const temporary = mkdtempSync(join(tmpdir(), 'countersign-launcher-'))
const folder = join(temporary, 'instance')
const started: Started[] = []
afterEach(() => started.splice(0).forEach((program) => program.endFamily()))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const launch = (...args: string[]): Started => {
  const program = new Started('main/launch/launch.ts', ['--software-keys', ...args])
  started.push(program)
  return program
}
const serverIn = (text: string) => /Server\s+(https:\S+)/.exec(text)?.[1]
const IN_USE = /^This instance is in use by another server \(process \d+\)\. Stop that one first, or .+\.\n?$/
const READY = 'Ctrl-C stops everything.'
const holders = () => {
  const db = new Database(join(folder, 'server/operational.sqlite'), { readonly: true })
  const rows = db.prepare<[], { family_name: string }>('SELECT family_name FROM holder').all()
  db.close()
  return rows.map((row) => row.family_name)
}

describe('when the demonstration is started', () => {
  it('says what runs where and who may sign in, stops at SIGTERM, and is the same when started again', async () => {
    const first = launch('--headless', '--data', folder)
    await first.says(READY)
    for (const { name, pin } of DEMO_OPERATORS) expect(first.out).toMatch(new RegExp(`${name}.*PIN ${pin}`))
    expect(first.out).toMatch(/open this link, once: http:\/\/127\.0\.0\.1:\d+\//)
    expect(first.family().length).toBeGreaterThanOrEqual(4)
    first.child.kill('SIGTERM')
    expect(await first.ended).toEqual({ code: 0, signal: null })
    await first.familyGone(0)

    // A person registered meanwhile, through a desk of this very instance.
    const stage = await Stage.over(await openDemo({ folder, port: null, softwareKeys: true, pcsc: false }, () => {}))
    const clerk = new Clerk(stage, { givenNames: 'Anna', familyName: 'Rossi' })
    stage.place('officer', 'blank-1')
    await clerk.workUntil('approved')
    await stage.close()
    expect(holders()).toEqual(['Rossi'])

    const second = launch('--headless', '--data', folder)
    await second.says(READY)
    expect(serverIn(second.out)).toBe(serverIn(first.out))
    expect(second.out).not.toContain('Making the demonstration instance')
    expect(holders()).toEqual(['Rossi'])

    // Killed, it takes nobody with it by hand: its programs notice and end.
    second.child.kill('SIGKILL')
    await second.ended
    expect(await second.familyGone(5000)).toBeLessThan(5000)
  })

  it('refuses another port than the one in its certificates', async () => {
    const program = launch('--headless', '--data', folder, '--port', '4')
    expect((await program.ended).code).toBe(1)
    expect(program.error).toMatch(/^This instance uses port \d+, which stands in its certificates\. .+\.\n$/)
  })

  it('refuses a folder that is something else, and leaves it as it was', async () => {
    const other = join(temporary, 'photos')
    mkdirSync(other)
    writeFileSync(join(other, 'cat.jpg'), 'meow')
    const program = launch('--headless', '--data', other)
    expect((await program.ended).code).toBe(1)
    expect(program.error).toBe(
      `${other} is not a demonstration instance of Countersign, and not empty. Name another folder with --data DIR, or move it away.\n`,
    )
    expect(readdirSync(other)).toEqual(['cat.jpg'])
    expect(readFileSync(join(other, 'cat.jpg'), 'utf8')).toBe('meow')
  })

  it.each([
    ['an option it does not have', ['--headles'], /'--headles'/],
    ['a port that is none', ['--port', '70000'], /--port 70000: give a number from 1 to 65535/],
  ])('refuses %s', async (_what, args, sentence) => {
    const program = launch(...args)
    expect((await program.ended).code).toBe(1)
    expect(program.error).toMatch(sentence)
    expect(program.error).not.toMatch(/\n\s+at /)
  })
})

interface Entry {
  sequence: number
  signature: Uint8Array
  key: string
  kind: string
}
const entries = (): Entry[] => {
  const db = new Database(join(folder, 'server/audit.sqlite'), { readonly: true })
  const rows = db
    .prepare<[], Entry>(
      `SELECT entry.sequence, entry.signature, word.text AS key, audit_key.kind FROM entry
       JOIN word ON word.id = entry.key_id JOIN audit_key ON audit_key.key_id = word.text
       ORDER BY entry.sequence`,
    )
    .all()
  db.close()
  return rows
}

describe('when two programs would write one chain', () => {
  it('refuses the second server and the shell while the first runs, and neither changes anything', async () => {
    const instance = await openDemo({ folder, port: null, softwareKeys: true, pcsc: false }, () => {})
    const server = await startServer(instance)
    try {
      const before = entries()
      // Made by this process at its start, kept nowhere.
      const own = before.findLast(({ kind }) => kind === 'epoch')?.key
      expect(own).toBeDefined()
      await expect(startServer(instance)).rejects.toThrow(IN_USE)
      const config = ['--config', instance.serverConfig]
      const plan = ['--plan', join(folder, 'plan.json'), '--out', join(folder, 'again.json')]
      for (const words of [
        ['setup', ...plan],
        ['audit', 'checkpoint', 'rotate'],
        ['operator', 'suspend', '--id', 'x'],
      ]) {
        const shell = new Started('server/shell/index.ts', [...config, ...words])
        started.push(shell)
        expect((await shell.ended).code, shell.error).toBe(4)
        expect(JSON.parse(shell.error)).toMatchObject({ code: 'CONFIG_INVALID', detail: { reason: 'in-use' } })
      }
      // Another demonstration over the same folder.
      const launcher = launch('--headless', '--data', folder)
      expect((await launcher.ended).code).toBe(1)
      expect(launcher.error).toMatch(IN_USE)
      // The server that runs may write by itself meanwhile (a job that ends, a list of revoked certificates): all that
      // came is signed by the key that is in its memory alone, and what was there is as it was.
      const after = entries()
      expect(after.slice(0, before.length)).toEqual(before)
      expect(after.slice(before.length).filter(({ key }) => key !== own)).toEqual([])
    } finally {
      await stopProgram(server)
    }
    await expect(openAgain(instance)).resolves.toBeUndefined()
  })
})

/** The lease went with its holder. */
async function openAgain(instance: Parameters<typeof startServer>[0]): Promise<void> {
  const server = await startServer(instance)
  server.child.kill('SIGKILL')
  await server.ended
  await stopProgram(await startServer(instance))
}
