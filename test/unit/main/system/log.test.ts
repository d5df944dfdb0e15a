import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/index.ts'
import { openLog, redact } from '../../../../main/system/log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('when something is logged', () => {
  it('is one JSON line per event in a private file', () => {
    const log = openLog(join(folder, 'logs'))
    log.info('a.b', { n: 1 })
    log.error('c.d', { error: new AppError('CARD_PIN_WRONG', { tries: 2 }, { cause: new Error('low') }) })
    const lines = readFileSync(log.file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines[0]).toMatchObject({ level: 'info', event: 'a.b', n: 1 })
    expect(lines[1]).toMatchObject({
      level: 'error',
      event: 'c.d',
      error: { code: 'CARD_PIN_WRONG', detail: { tries: 2 }, cause: { message: 'low' } },
    })
    if (process.platform !== 'win32') expect(statSync(log.file).mode & 0o077).toBe(0)
  })
  it.each([
    [{ pin: '123456' }, { pin: '(left out)' }],
    [
      { deep: { newPin: '1', proofKey: '2', Authorization: '3', sealed: '4' } },
      { deep: { newPin: '(left out)', proofKey: '(left out)', Authorization: '(left out)', sealed: '(left out)' } },
    ],
    [{ bytes: new Uint8Array([1, 2, 3]) }, { bytes: '3 bytes' }],
    [
      { big: 12n, f: () => 1 },
      { big: '12', f: undefined },
    ],
  ])('leaves secrets out of %o', (fields, written) => expect(redact(fields, 0)).toEqual(written))
  it('ends on a cycle', () => {
    const a: Record<string, unknown> = {}
    a['a'] = a
    expect(JSON.stringify(redact(a, 0)).length).toBeLessThan(200)
  })
})
