import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readPdfAttachment } from '../../../../../shared/pades/index.ts'
import { describeWith } from '../../../../parts.ts'

const Made = z.object({ entries: z.literal(20_000), bytes: z.int(), addedMb: z.int() })
/** Six of the sample's entries are a page; the title is one more. */
const PAGES = 1 + Math.ceil(20_000 / 6)
/** A server may make three at a time. */
const MOST_MB = 500
const folder = mkdtempSync(join(tmpdir(), 'countersign-large-report-'))
const run = (program: string, ...words: string[]) =>
  spawnSync(program, words, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
let made: z.infer<typeof Made>

beforeAll(() => {
  const words = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'large-report.ts'), folder]
  made = Made.parse(JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })))
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('when a report has as many entries as one may', () => {
  it('takes memory that a server can spare, and a file that can be mailed', () => {
    expect(made.addedMb).toBeLessThan(MOST_MB)
    expect(made.bytes).toBeLessThan(25_000_000)
  })

  it('carries every one of them as data', () => {
    const pdf = new Uint8Array(readFileSync(join(folder, 'report.pdf')))
    const data = readFileSync(join(folder, 'data.jsonl'))
    expect(Buffer.compare(readPdfAttachment(pdf, 'audit.jsonl'), data)).toBe(0)
  }, 300_000)
})

describeWith(['qpdf'], 'when qpdf reads the largest report', () => {
  it('finds nothing wrong, and every page', () => {
    expect(run('qpdf', '--check', 'report.pdf')).toMatchObject({ status: 0, stderr: '' })
    expect(run('qpdf', '--show-npages', 'report.pdf').stdout.trim()).toBe(String(PAGES))
  }, 300_000)
})

describeWith(['poppler-utils'], 'when poppler reads the largest report', () => {
  it('finds the signature good, over the whole file', () => {
    const { stdout } = run('pdfsig', '-nocert', 'report.pdf')
    expect(stdout).toContain('Signature is Valid')
    expect(stdout).toContain('Total document signed')
  }, 300_000)

  it('counts the pages, and has the last entry on the last', () => {
    expect(run('pdfinfo', 'report.pdf').stdout).toMatch(new RegExp(`Pages:\\s+${PAGES}\\n`))
    const last = run('pdftotext', '-f', String(PAGES), '-layout', 'report.pdf', '-').stdout
    expect(last).toContain(`page ${PAGES} of ${PAGES}`)
    expect(last).toContain('mario.19999@example.org')
  }, 300_000)
})
