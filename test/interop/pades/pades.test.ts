import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyBareSignature } from '../../../shared/exports/index.ts'
import type { SignatureAlgorithm } from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import {
  judge,
  levelsOf,
  makeWorld,
  packedPdf,
  plainPdf,
  sign,
  stampAt,
  after,
  trustOf,
  type World,
} from '../../unit/shared/pades/kit.ts'
import { OpensslFolder } from '../pki/openssl.ts'
import { findPyhanko } from './pyhanko.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())

const ALGORITHMS: readonly SignatureAlgorithm[] = ['rsa-sha256', 'rsa-pss-sha256', 'ecdsa-sha256', 'ecdsa-sha384']
const NOW = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 600_000)

interface Made {
  readonly world: World
  readonly files: Readonly<Record<string, string>>
}

/** Every level over a file with a table and over one with object streams, once for each kind of key. */
const made = new Map<SignatureAlgorithm, Made>()
beforeAll(async () => {
  for (const algorithm of ALGORITHMS) {
    const world = await makeWorld(algorithm, NOW)
    const files: Record<string, string> = {}
    for (const [kind, pdf] of Object.entries({ plain: plainPdf(), packed: await packedPdf() })) {
      for (const [level, signed] of Object.entries(await levelsOf(world, pdf))) {
        expect(judge(world, signed).level).toBe(level === 'renewed' ? 'B-LTA' : level)
        files[`${kind} ${level}`] = folder.write(`${algorithm}-${kind}-${level}.pdf`, signed)
      }
    }
    const shown = await sign(world, plainPdf(), {
      appearance: { lines: ['Signed by', 'Signer'] },
      reason: 'for a test',
    })
    files['visible B-B'] = folder.write(`${algorithm}-visible.pdf`, shown)
    const second = await sign(world, shown, { timeStamp: stampAt(world, after(NOW, 1)), claimedAt: after(NOW, 1) })
    files['two B-T'] = folder.write(`${algorithm}-two.pdf`, second)
    const certified = await sign(world, plainPdf(), { certify: 2 })
    const approved = await sign(world, certified, { timeStamp: stampAt(world, after(NOW, 1)) })
    files['two certified'] = folder.write(`${algorithm}-certified.pdf`, approved)
    folder.write(`${algorithm}-root.der`, world.root.certificate.der)
    folder.write(`${algorithm}-time.der`, world.stampRoot.certificate.der)
    made.set(algorithm, { world, files })
  }
}, 60_000)

const filesOf = (algorithm: SignatureAlgorithm) => Object.entries(made.get(algorithm)?.files ?? {})

function run(
  program: string,
  ...parameters: readonly string[]
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8' })
  return { status, text: stdout + stderr }
}

describeWith(['qpdf'], 'when qpdf reads signed files', () => {
  it.each(ALGORITHMS)('finds no error at any level with %s', (algorithm) => {
    for (const [level, path] of filesOf(algorithm)) {
      const { status, text } = run('qpdf', '--check', path)
      expect({ level, status, text }).toMatchObject({ status: 0, text: expect.not.stringContaining('WARNING') })
    }
  })
})

describeWith(['poppler-utils'], 'when poppler judges signatures', () => {
  it.each(ALGORITHMS)('says valid at every level with %s', (algorithm) => {
    for (const [level, path] of filesOf(algorithm)) {
      const { text } = run('pdfsig', '-nocert', path)
      const signatures = level.startsWith('two') ? 2 : 1
      expect(text.match(/Signature is Valid/g), `${level}\n${text}`).toHaveLength(signatures)
      expect(text).not.toMatch(/invalid|mismatch|broken/i)
      const isWhole = !level.endsWith('B-LT')
      expect(text, level).toMatch(isWhole ? /- Total document signed/ : /- Not total document signed/)
    }
  })
})

const python = findPyhanko()
const script = join(import.meta.dirname, 'judge.py')
/** Skipped where the registry of Python is out of reach, and says so. */
const describePyhanko = python === '' ? describe.skip : describe

describePyhanko(
  'when pyHanko judges signatures (needs pyHanko from the registry of Python, or COUNTERSIGN_PYHANKO)',
  () => {
    it.each(ALGORITHMS)(
      'says trusted, and passes what lasts by EN 319 102-1, with %s',
      (algorithm) => {
        const own = new OpensslFolder()
        for (const [level, path] of filesOf(algorithm)) own.write(`${level}.pdf`, folder.read(basename(path)))
        const roots = ['root', 'time'].map((one) => folder.file(`${algorithm}-${one}.der`))
        const { text, status } = run(python, script, 'judge', own.path, ...roots)
        own.remove()
        expect({ status, text }).toMatchObject({ status: 0 })
        const lines = text
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as { readonly file: string; readonly kind: string })
        expect(new Set(lines.map(({ file }) => file)).size).toBe(filesOf(algorithm).length)
        for (const line of lines) {
          expect(line).toMatchObject({ ok: true })
          if (line.kind === 'time-stamp') continue
          expect(line).toMatchObject({ allowed: true })
          if (/LT|renewed/.test(line.file)) expect(line).toMatchObject({ revocation: true })
          if (/LTA|renewed/.test(line.file))
            expect(line).toMatchObject({ lasting: ['AdESStatus.PASSED', 'OK', expect.anything()] })
        }
      },
      120_000,
    )

    it.each(ALGORITHMS)(
      'makes signatures at every level that we accept, with %s',
      async (algorithm) => {
        const { world } = made.get(algorithm) ?? { world: await makeWorld(algorithm, NOW) }
        const own = new OpensslFolder()
        const pem = (key: World['key']) => key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
        own.write('key.pem', pem(world.key))
        own.write('ts-key.pem', pem(world.stampKey))
        own.write('leaf.der', world.leaf.der)
        own.write('chain.der', world.sub.certificate.der)
        own.write('root.der', world.root.certificate.der)
        own.write('ts-leaf.der', world.stampLeaf.der)
        own.write('ts-root.der', world.stampRoot.certificate.der)
        for (const [i, crl] of world.crls.entries()) own.write(`${i}.crl`, crl)
        if (algorithm.startsWith('rsa-pss')) own.write('pss', '')
        own.write('plain.pdf', plainPdf())
        own.write('packed.pdf', await packedPdf())
        const environment = { ...process.env, HASH: algorithm.slice(-6) }
        const { status, stderr } = spawnSync(python, [script, 'sign', own.path], { encoding: 'utf8', env: environment })
        expect({ status, stderr }).toMatchObject({ status: 0 })
        const now = new Date()
        for (const kind of ['plain', 'packed']) {
          for (const level of ['B-B', 'B-T', 'B-LT', 'B-LTA']) {
            const signed = own.read(`${kind}-${level}.signed`)
            const revocation = level.startsWith('B-LT') ? 'require' : 'none'
            const judged = judge(world, signed, { now, revocation })
            expect(judged.level, `${kind} ${level}`).toBe(level)
            expect(judged.signatures[0]).toMatchObject({ reason: 'made elsewhere', name: 'pyHanko' })
            // As whoever checks the file without us would.
            const bare = { signature: signed, content: null, name: null }
            const report = await verifyBareSignature(bare, { ...trustOf(world), now, revocation })
            expect(report, `${kind} ${level}`).toMatchObject({ indication: 'TOTAL-PASSED' })
            expect(report.checks).toMatchObject([{ facts: { format: 'PAdES', level } }])
          }
        }
        own.remove()
      },
      120_000,
    )
  },
)
