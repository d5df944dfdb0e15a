import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Started } from './programs.ts'

/** The report's form, spelled out here: other programs read it. */
const Report = z.strictObject({
  ok: z.literal(true),
  steps: z.array(z.strictObject({ name: z.string(), ms: z.number().int() })).min(15),
  issuedSerial: z.string().regex(/^[0-9a-f]{16,40}$/),
  auditEntries: z.number().int().min(50),
  chainVerified: z.literal(true),
  deskOverheadMs: z.number().int().min(0),
})

let program: Started | null = null
const temporary = mkdtempSync(join(tmpdir(), 'countersign-check-test-'))
afterEach(() => {
  program?.endFamily()
  rmSync(temporary, { recursive: true, force: true })
})

describe('when the main job is checked unattended', () => {
  it('does all of it, ends with one JSON line, and leaves no process and no file', async () => {
    program = new Started('main/launch/launch.ts', ['--check', '--software-keys'], { TMPDIR: temporary })
    await program.says('server started')
    expect(program.family().length).toBeGreaterThan(1)
    const { code } = await program.ended
    const lines = program.out.trim().split('\n')
    expect({ code, report: Report.parse(JSON.parse(lines.at(-1) ?? '')).ok }).toEqual({ code: 0, report: true })
    expect(program.error).toBe('')
    await program.familyGone(0)
    expect(readdirSync(temporary).filter((name) => name.startsWith('countersign'))).toEqual([])
  })
})
