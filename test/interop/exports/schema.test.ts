import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIT_XSD } from '../../../shared/exports/index.ts'
import { describeWith } from '../../parts.ts'
import { makePackage, openChain, openSigning, textOf } from '../../unit/shared/exports/kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-schema-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Each changed in one place from what we write. */
const CHANGED: readonly (readonly [string, (xml: string) => string])[] = [
  ['an element nobody knows', (xml) => xml.replace('</entry>', '<more/></entry>')],
  ['an entry without its number', (xml) => xml.replace(/ sequence="\d+"/, '')],
  ['a number that is none', (xml) => xml.replace(/sequence="\d+"/, 'sequence="-1"')],
  ['a time that is none', (xml) => xml.replace(/<at>[^<]*/, '<at>yesterday')],
  ['a signature of an entry left out', (xml) => xml.replace(/<signature>[^<]*<\/signature>/, '')],
  ['another namespace', (xml) => xml.replace('urn:countersign:audit:1', 'urn:countersign:audit:2')],
]

describeWith(['default-jdk-headless'], 'when the JDK validates exported XML against the published schema', () => {
  let verdicts: readonly string[] = []
  let xml = ''
  beforeAll(async () => {
    const signing = await openSigning()
    const made: string[] = []
    // With an erased payload, names, and what XML has to escape; the signature beside it and in it.
    for (const enveloped of [false, true]) {
      const members = await makePackage(openChain(200), signing, { format: 'xml', enveloped })
      expect(textOf(members.get('data/audit.xsd') ?? new Uint8Array(0))).toBe(AUDIT_XSD)
      made.push(textOf(members.get('data/audit.xml') ?? new Uint8Array(0)))
    }
    xml = made[0] ?? ''
    writeFileSync(join(folder, 'audit.xsd'), AUDIT_XSD)
    const names = [...made, ...CHANGED.map(([, change]) => change(xml))].map((text, place) => {
      writeFileSync(join(folder, `${place}.xml`), text)
      return `${place}.xml`
    })
    const program = join(import.meta.dirname, 'SchemaJudge.java')
    const { status, stdout, stderr } = spawnSync('java', [program, 'audit.xsd', ...names], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toMatchObject({ status: 0 })
    verdicts = stdout.trim().split('\n')
  }, 60_000)

  it('finds both valid, with the signature beside and within', () => {
    expect(xml).toContain('<erased ')
    expect(verdicts.slice(0, 2)).toEqual(['valid', 'valid'])
  })

  it.each(CHANGED.map(([what], place) => [what, place] as const))('refuses %s', (_, place) => {
    expect(CHANGED[place]?.[1](xml)).not.toBe(xml)
    expect(verdicts[place + 2]).toMatch(/^invalid cvc-/)
  })
})
