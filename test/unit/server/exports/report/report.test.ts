import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeReport } from '../../../../../server/exports/report/index.ts'
import { readPdfAttachment, signPdf, verifyPades } from '../../../../../shared/pades/index.ts'
import { PdfFile } from '../../../../../shared/pades/pdf-file.ts'
import { describeWith } from '../../../../parts.ts'
import { makeWorld, trustOf } from '../../../shared/pades/kit.ts'
import { CHAINS, dataOf, HARD, headOf, lineOf } from './sample.ts'

/** Text of pages as another reader takes it out. */
function textOf(pdf: Uint8Array, ...parameters: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-report-'))
  writeFileSync(join(folder, 'report.pdf'), pdf)
  const { status, stdout, stderr } = spawnSync('pdftotext', [...parameters, '-layout', 'report.pdf', '-'], {
    cwd: folder,
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  expect(status, stderr).toBe(0)
  return stdout
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

  it('is tagged, and says its title, its language and what is attached', async () => {
    const file = new PdfFile(await report(HARD))
    const at = (key: string) => file.resolve(file.root.entries.get(key))
    expect(at('Lang')).toMatchObject({ bytes: Uint8Array.of(0x65, 0x6e) })
    expect(at('MarkInfo')).toMatchObject({ entries: new Map([['Marked', { kind: 'boolean', value: true }]]) })
    const tree = file.dict(file.root.entries.get('StructTreeRoot'), 'tree')
    const parts = file.items(file.dict(tree.entries.get('K'), 'document').entries.get('K'), 'parts')
    const tags = parts.map((one) => file.dict(one, 'part').entries.get('S'))
    expect(tags.filter((one) => one?.kind === 'name' && one.name === 'H1')).toHaveLength(2)
    expect(tags.length).toBeGreaterThan(HARD.length + 10)
    const [attached] = file.items(file.root.entries.get('AF'), 'AF')
    expect(file.dict(attached, 'file').entries.get('AFRelationship')).toMatchObject({ name: 'Data' })
  })

  it('ends soon once it is stopped', async () => {
    const data = dataOf(Array.from({ length: 5000 }, (_, i) => lineOf(i)))
    const stop = new AbortController()
    let turns = 0
    const count = (): void => {
      turns++
      if (turns === 3) stop.abort(new Error('stopped'))
      else setImmediate(count)
    }
    setImmediate(count)
    const order = { data, head: headOf(), chains: CHAINS, entries: 5000, signal: stop.signal }
    await expect(writeReport(order)).rejects.toThrow('stopped')
    expect(turns).toBe(3)
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

describeWith(['poppler-utils'], 'when the pages of a report are read', () => {
  it.each([0, 1, 7, 200])('numbers its pages with %i entries', async (count) => {
    const pdf = await report(Array.from({ length: count }, (_, i) => lineOf(i)))
    const pages = pagesOf(pdf)
    expect(pages).toBe(1 + Math.max(1, Math.ceil(count / 6)))
    const text = textOf(pdf)
    for (let page = 1; page <= pages; page++) expect(text).toContain(`page ${page} of ${pages}`)
    if (count === 0) expect(text).toContain('No entry fits.')
  })

  it('says in words what was exported, and warns of software keys', async () => {
    const italian = headOf({
      keys: 'software',
      order: { format: 'pdf', level: 'B-B', language: 'it', timeZone: 'America/New_York' },
    })
    const [en, it] = [textOf(await report(HARD)), textOf(await report(HARD, italian))]
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

  it('wraps long values whole, and every entry with its head', async () => {
    const long = Array.from({ length: 700 }, (_, i) => `w${i}`).join(' ')
    const lines = [
      lineOf(1, { payload: { before: null, after: { long }, changed: [], reason: null } }),
      ...Array.from({ length: 30 }, (_, i) => lineOf(i + 2)),
    ]
    const text = textOf(await report(lines), '-nopgbrk')
    const words = new Set(text.split(/\s+/))
    for (let i = 0; i < 700; i++) expect(words.has(`w${i}`), `w${i}`).toBe(true)
    for (const page of text.split('page ')) {
      const heads = [...page.matchAll(/Changed · Card/g)]
      // A head is never the last thing on a page.
      for (const head of heads) expect(page.slice(head.index).split('\n').length).toBeGreaterThan(5)
    }
  })

  it('names who signs where that is known', async () => {
    const order = { data: dataOf(HARD), head: headOf(), chains: CHAINS, entries: HARD.length }
    expect(textOf(await writeReport({ ...order, signer: 'Export key of Napoli' }))).toMatch(
      /Signed by +Export key of Napoli/,
    )
    expect(textOf(await writeReport(order))).not.toContain('Signed by')
  })

  it('says where a value is too long for pages', async () => {
    const payload = { before: null, after: { long: 'x'.repeat(9000) }, changed: [], reason: null }
    const text = textOf(await report([lineOf(1, { payload })]))
    expect(text).toContain('Values of more than 8,000 characters end in […]')
    expect(textOf(await report(HARD))).not.toContain('8,000')
  })
})
