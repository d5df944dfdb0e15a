import { describe, expect, it } from 'vitest'
import { DownloadPasses, PASS_MS } from '../../../../server/exports/passes.ts'

const NOW = 1_000_000

describe('when a pass was given', () => {
  it('is of its export and its session, until it runs out', () => {
    const passes = new DownloadPasses()
    const { pass, expiresAt } = passes.issue('export_1', 'session_1', NOW)
    expect(pass).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(expiresAt).toBe(NOW + PASS_MS)
    expect(passes.sessionOf(pass, 'export_1', NOW)).toBe('session_1')
    expect(passes.sessionOf(pass, 'export_1', expiresAt - 1)).toBe('session_1')
    expect(passes.sessionOf(pass, 'export_1', expiresAt)).toBeNull()
    expect(passes.sessionOf(pass, 'export_2', NOW)).toBeNull()
  })

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(44), '../../../../etc/passwd'])('is not %s', (pass) => {
    const passes = new DownloadPasses()
    passes.issue('export_1', 'session_1', NOW)
    expect(passes.sessionOf(pass, 'export_1', NOW)).toBeNull()
  })

  it('ends with its export, and others go on', () => {
    const passes = new DownloadPasses()
    const one = passes.issue('export_1', 'session_1', NOW)
    const other = passes.issue('export_2', 'session_1', NOW)
    passes.revoke('export_1')
    expect(passes.sessionOf(one.pass, 'export_1', NOW)).toBeNull()
    expect(passes.sessionOf(other.pass, 'export_2', NOW)).toBe('session_1')
  })

  it('is pushed out only by many of its own session', () => {
    const passes = new DownloadPasses()
    const [mine, other] = [passes.issue('export_1', 'mine', NOW), passes.issue('export_1', 'other', NOW)]
    const more = Array.from({ length: 20 }, () => passes.issue('export_1', 'mine', NOW))
    expect(passes.sessionOf(mine.pass, 'export_1', NOW)).toBeNull()
    expect(more.every(({ pass }) => passes.sessionOf(pass, 'export_1', NOW) === 'mine')).toBe(true)
    expect(passes.sessionOf(other.pass, 'export_1', NOW)).toBe('other')
  })

  it('is kept in no readable form', () => {
    const passes = new DownloadPasses()
    const { pass } = passes.issue('export_1', 'session_1', NOW)
    expect(JSON.stringify(passes)).not.toContain(pass)
  })
})
