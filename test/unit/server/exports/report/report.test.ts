import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeReport } from '../../../../../server/exports/report/index.ts'
import { readPdfAttachment, signPdf, verifyPades } from '../../../../../shared/pades/index.ts'
import { PdfFile } from '../../../../../shared/pades/pdf-file.ts'
import { makeWorld, trustOf } from '../../../shared/pades/kit.ts'
import { CHAINS, dataOf, HARD, headOf, lineOf } from './sample.ts'

/** Text of pages as a reader takes it out, or null where there is no such program here. */
function textOf(pdf: Uint8Array, ...parameters: readonly string[]): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-report-'))
  writeFileSync(join(folder, 'report.pdf'), pdf)
  const { status, stdout } = spawnSync('pdftotext', [...parameters, '-layout', 'report.pdf', '-'], {
    cwd: folder,
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  return status === 0 ? stdout : null
}

const report = (lines: readonly string[], head = headOf()) =>
  writeReport({ data: dataOf(lines), head, chains: CHAINS, entries: lines.length })

const pagesOf = (pdf: Uint8Array): number => {
  const file = new PdfFile(pdf)
  const count = file.dict(file.root.entries.get('Pages'), 'pages').entries.get('Count')
  return count?.kind === 'number' ? count.value : 0
}

describe('when a report is written', () => {
  it('gives the same bytes for the same order', async () => {
    const [one, two] = [await report(HARD), await report(HARD)]
    expect(Buffer.compare(one, two)).toBe(0)
  })

  it('carries the data exactly', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => lineOf(i))
    expect(Buffer.compare(readPdfAttachment(await report(lines), 'audit.jsonl'), dataOf(lines))).toBe(0)
  })

  it.each([0, 1, 7, 200])('numbers its pages with %i entries', async (count) => {
    const pdf = await report(Array.from({ length: count }, (_, i) => lineOf(i)))
    const pages = pagesOf(pdf)
    expect(pages).toBe(1 + Math.max(1, Math.ceil(count / 6)))
    const text = textOf(pdf)
    if (text !== null) {
      for (let page = 1; page <= pages; page++) expect(text).toContain(`page ${page} of ${pages}`)
      if (count === 0) expect(text).toContain('No entry fits.')
    }
  })

  it('says in words what was exported, and warns of software keys', async () => {
    const italian = headOf({
      keys: 'software',
      order: { format: 'pdf', level: 'B-B', language: 'it', timeZone: 'America/New_York' },
    })
    const [en, it] = [textOf(await report(HARD)), textOf(await report(HARD, italian))]
    if (en === null || it === null) return
    for (const one of [
      'Zoë Šťastná-Łukasiewicz, Audit officer (op-7)',
      'object type Card, Holder; operation Changed',
      '1,234,567',
      'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
      '2026-11-22 13:00:00 UTC+01:00',
      'Щукин, Вячеслав',
      'Παπαδόπουλος',
      '⟨U+4E2D⟩',
      'a⟨U+202E⟩gnp.exe',
      'Content erased on 2026-11-22 12:00:00 UTC+01:00 by op-1 under the rule “holder-data-10y”',
      'the server itself',
      '(empty)',
    ]) {
      expect(en).toContain(one)
    }
    expect(en).not.toContain('not for production')
    expect(it).toContain('Chiavi software: non per la produzione')
    expect(it).toContain('2026-11-22 07:00:00 UTC-05:00')
  })

  it('keeps every value whole however long, and every entry with its head', async () => {
    const long = Array.from({ length: 700 }, (_, i) => `w${i}`).join(' ')
    const lines = [
      lineOf(1, { payload: { before: null, after: { long }, changed: [], reason: null } }),
      ...Array.from({ length: 30 }, (_, i) => lineOf(i + 2)),
    ]
    const text = textOf(await report(lines), '-nopgbrk')
    if (text === null) return
    const words = new Set(text.split(/\s+/))
    for (let i = 0; i < 700; i++) expect(words.has(`w${i}`), `w${i}`).toBe(true)
    for (const page of text.split('page ')) {
      const heads = [...page.matchAll(/Changed · Card/g)]
      // A head is never the last thing on a page.
      for (const head of heads) expect(page.slice(head.index).split('\n').length).toBeGreaterThan(5)
    }
  })

  it('refuses what is no line of the data', async () => {
    const order = { data: Buffer.from('{"entry":\n'), head: headOf(), chains: CHAINS, entries: 1 }
    await expect(writeReport(order)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('is signed with a box on its first page, and verifies', async () => {
    const world = await makeWorld()
    const pdf = await report(HARD)
    const fields = { pdf, signer: world.key, certificate: world.leaf.der, chain: [world.sub.certificate.der] }
    const signed = await signPdf({
      ...fields,
      claimedAt: world.at,
      appearance: { lines: ['Signed by ra.example.org', '2026-11-22'] },
    })
    expect(verifyPades({ ...trustOf(world), pdf: signed }).signatures).toMatchObject([
      { isVisible: true, coversWholeDocument: true },
    ])
    expect(Buffer.compare(readPdfAttachment(signed, 'audit.jsonl'), dataOf(HARD))).toBe(0)
  })
})
