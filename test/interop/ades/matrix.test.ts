import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initSoftHsmToken, openKeyStore, type KeyStore } from '../../../server/hsm/index.ts'
import { bytesContent, type SignatureLevel } from '../../../server/signing/index.ts'
import { CanonicalWriter, hashState } from '../../../shared/ades/index.ts'
import {
  digest,
  encodePem,
  readCadesNeeds,
  readSignedTimeStamp,
  signCsr,
  toHex,
  verifyCades,
  type HashName,
  type SignatureAlgorithm,
} from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { certify, rootAuthority, subAuthority, testKey } from '../../unit/shared/pki/authority.ts'
import { tokensIn } from '../../unit/server/hsm/softhsm-token.ts'
import { SigningDesk, smallPdf } from '../../unit/server/signing/desk.ts'
import { findPyhanko } from '../pades/pyhanko.ts'

// Each format, at each level, with each kind of key in SoftHSM2, made once by the server's own signing and judged by
// programs that are not ours. One JVM answers everything.

const NEEDED = [
  'softhsm2',
  'openssl',
  'xmlsec1',
  'qpdf',
  'poppler-utils',
  'default-jdk-headless',
  'libbcprov-java',
  'libbcpkix-java',
]
const KINDS = [
  { kind: 'rsa-pkcs1', label: 'export.rsa', algorithm: 'rsa-2048', rsaPadding: 'pkcs1' },
  { kind: 'rsa-pss', label: 'export.rsa', algorithm: 'rsa-2048', rsaPadding: 'pss' },
  { kind: 'p256', label: 'export.p256', algorithm: 'ecdsa-p256', rsaPadding: 'pkcs1' },
  { kind: 'p384', label: 'export.p384', algorithm: 'ecdsa-p384', rsaPadding: 'pkcs1' },
  { kind: 'p521', label: 'export.p521', algorithm: 'ecdsa-p521', rsaPadding: 'pkcs1' },
] as const
const LEVELS: readonly SignatureLevel[] = ['B-B', 'B-T', 'B-LT', 'B-LTA']
/** RFC 8419: for CAdES alone, and of the judges BouncyCastle alone. */
const ED25519 = { label: 'export.ed25519', algorithm: 'ed25519' } as const
const CELLS = KINDS.flatMap(({ kind }) => LEVELS.map((level) => ({ kind, level, name: `${kind}.${level}` })))
const CONTENT = new TextEncoder().encode('sequence,action\r\n1,card.issue\r\n')
const SCHEMAS = resolve(import.meta.dirname, '../../fixtures/xsd')
const JARS = ['bcprov', 'bcpkix', 'bcutil'].map((name) => `/usr/share/java/${name}.jar`).join(':')

/** The JDK's canonicalizer, which it does not show. */
const INSIDE = ['', '.c14n'].flatMap((name) => [
  '--add-exports',
  `java.xml.crypto/com.sun.org.apache.xml.internal.security${name}=ALL-UNNAMED`,
])

const folder = mkdtempSync(join(tmpdir(), 'countersign-matrix-'))
const file = (name: string): string => join(folder, name)
const write = (name: string, bytes: Uint8Array | string): void => writeFileSync(file(name), bytes)
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)))

/** Everything signed and what it is over, with the two roots, in the folder that COUNTERSIGN_KEEP names: for judges elsewhere. */
function keepFor(elsewhere: string): void {
  mkdirSync(elsewhere, { recursive: true })
  const isWanted = (name: string): boolean => /\.(p7s|p7m|xml|pdf)$|^audit\.csv$|^(root|time)\.(der|pem)$/.test(name)
  for (const name of readdirSync(folder)) if (isWanted(name)) copyFileSync(file(name), join(elsewhere, name))
}

interface Ran {
  readonly status: number | null
  readonly text: string
}
function run(program: string, ...parameters: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd: folder, encoding: 'utf8', timeout: 60_000 })
  return { status, text: stdout + stderr }
}
const openssl = (...parameters: readonly string[]): Ran => run('openssl', ...parameters)

/** The same with one octet of what is signed changed. */
function alter(name: string, at: (bytes: Uint8Array) => number): void {
  const bytes = read(name)
  const where = at(bytes)
  bytes[where] = (bytes[where] ?? 0) ^ 1
  write(`altered.${name}`, bytes)
}

const verdicts = new Map<string, string>()
const verdictOf = (...words: readonly string[]): string => verdicts.get(words.join(' ')) ?? 'not asked'
function ask(questions: readonly (readonly string[])[]): void {
  const sources = ['CmsJudge.java', 'StampJudge.java', 'Judge.java'].map((name) => join(import.meta.dirname, name))
  const compiled = run('javac', '-nowarn', '-XDignore.symbol.file', ...INSIDE, '-cp', JARS, '-d', 'classes', ...sources)
  if (compiled.status !== 0) throw new Error(compiled.text)
  write('questions', questions.map((words) => words.join('\t')).join('\n'))
  const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
  const { text } = run('java', ...quick, ...INSIDE, '-cp', `classes:${JARS}`, 'CmsJudge', 'questions')
  const lines = text.trim().split('\n')
  for (const [at, words] of questions.entries()) verdicts.set(words.join(' '), lines[at] ?? text)
}

const question = {
  detached: (name: string) => ['cms', `${name}.p7s`, 'audit.csv', 'root.der', 'time.der'],
  attached: (name: string) => ['cms', `${name}.p7m`, '-', 'root.der', 'time.der'],
  second: (name: string) => ['cms', `${name}.two.p7s`, 'audit.csv', 'root.der', 'time.der'],
  xades: (name: string) => ['verify', 'audit.csv', `${name}.xades.xml`],
  enveloped: (name: string) => ['verify', 'audit.csv', `${name}.enveloped.xml`],
  xadesStamps: (name: string) => ['xades-stamps', `${name}.xades.xml`, 'audit.csv', 'time.der'],
  envelopedStamps: (name: string) => ['xades-stamps', `${name}.enveloped.xml`, 'audit.csv', 'time.der'],
  schema: (name: string) => ['validate', SCHEMAS, `${name}.xades.xml`],
  envelopedSchema: (name: string) => ['validate', SCHEMAS, `${name}.enveloped.xml`],
}

async function makeOfficer(desk: SigningDesk) {
  const key = testKey('ecdsa-sha256')
  const csr = await signCsr({ subject: [{ type: 'CN', value: 'x' }], spki: key.spki }, key)
  const subject = { commonName: 'Anna Bianchi' }
  const { der } = await desk.ca.issue({ profile: 'signature', csr, subject, idempotencyKey: 'officer' })
  return { key, certificate: der }
}

async function makeAll(desk: SigningDesk): Promise<void> {
  const content = bytesContent(CONTENT)
  for (const level of LEVELS) {
    const order = { level, mimeType: 'text/csv' }
    write(`ed25519.${level}.p7s`, await desk.signatures({ key: ED25519 }).cadesDetached(content, order))
  }
  const pdf = await smallPdf()
  const officer = await makeOfficer(desk)
  for (const { kind, ...key } of KINDS) {
    const signatures = desk.signatures({ key })
    const { hash } = await signatures.signer()
    for (const level of LEVELS) {
      const name = `${kind}.${level}`
      const detached = await signatures.cadesDetached(content, { level, mimeType: 'text/csv' })
      write(`${name}.p7s`, detached)
      write(`${name}.p7m`, await signatures.cadesAttached(CONTENT, { level }))
      const { signedAttributes } = await signatures.prepareSecond(detached, content, officer.certificate)
      const signature = await officer.key.sign(signedAttributes)
      const made = { certificate: officer.certificate, signedAttributes, signature }
      write(`${name}.two.p7s`, await signatures.addSecond(detached, content, made, level))
      const order = { level, mimeType: 'text/csv', uri: 'audit.csv' }
      write(`${name}.xades.xml`, await signatures.xadesDetached(content, order))
      let out = ''
      const writer = new CanonicalWriter({
        namespace: 'urn:example:export',
        hash: hashState(hash),
        write: (piece) => {
          out += piece
        },
      })
      writer.start('export')
      writer.element('entry', 'caff\u00e8 & <1>', { sequence: '1' })
      writer.insertSignature(await signatures.xadesEnveloped(writer.sealed(), order))
      writer.end()
      write(`${name}.enveloped.xml`, out)
      write(`${name}.pdf`, await signatures.pades(pdf, { level, visible: level !== 'B-T', reason: 'Audit export' }))
    }
  }
}

interface Foreign {
  readonly algorithm: SignatureAlgorithm
  readonly kind: 'RSA' | 'EC' | 'Ed25519'
  readonly java: string
  /** Of OpenSSL; null where it cannot. */
  readonly options: readonly string[] | null
}
const FOREIGN: readonly Foreign[] = [
  { algorithm: 'rsa-sha256', kind: 'RSA', java: 'SHA256withRSA', options: [] },
  {
    algorithm: 'rsa-pss-sha256',
    kind: 'RSA',
    java: 'SHA256withRSAandMGF1',
    options: ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:-1'],
  },
  { algorithm: 'ecdsa-sha256', kind: 'EC', java: 'SHA256withECDSA', options: [] },
  { algorithm: 'ecdsa-sha384', kind: 'EC', java: 'SHA384withECDSA', options: ['-md', 'sha384'] },
  { algorithm: 'ecdsa-sha512', kind: 'EC', java: 'SHA512withECDSA', options: ['-md', 'sha512'] },
  // OpenSSL 3.0 signs no CMS with it.
  { algorithm: 'ed25519', kind: 'Ed25519', java: 'Ed25519', options: null },
]
const foreignRoots = new Map<SignatureAlgorithm, Awaited<ReturnType<typeof rootAuthority>>>()

/** A signer for other programs, and what BouncyCastle is to make with it. */
async function prepareForeign({ algorithm, kind, java }: Foreign): Promise<string[][]> {
  const life = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) }
  const root = await rootAuthority(life)
  const sub = await subAuthority(root, life)
  const key = testKey(algorithm)
  const usage = { keyUsage: ['digitalSignature', 'contentCommitment'] } as const
  const leaf = await certify(key, sub, { ...life, ...usage })
  foreignRoots.set(algorithm, root)
  write(`${algorithm}.key`, key.privateKey.export({ type: 'pkcs8', format: 'der' }))
  write(`${algorithm}.key.pem`, key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  write(`${algorithm}.der`, leaf.der)
  write(`${algorithm}.pem`, encodePem('CERTIFICATE', leaf.der))
  write(`${algorithm}.sub.der`, sub.certificate.der)
  write(`${algorithm}.sub.pem`, encodePem('CERTIFICATE', sub.certificate.der))
  const base = ['cms-sign', `${algorithm}.key`, kind, java, `${algorithm}.der`, `${algorithm}.sub.der`, 'audit.csv']
  return ['attached', 'detached'].map((form) => [...base, form, `${algorithm}.bc.${form}`])
}

let keys: KeyStore | null = null
let desk: SigningDesk | null = null

describeWith(NEEDED, 'when the server signs with keys in SoftHSM2', () => {
  beforeAll(async () => {
    const { token, configOf } = tokensIn(folder)
    await initSoftHsmToken(token('matrix'))
    keys = await openKeyStore(configOf('matrix'))
    desk = await SigningDesk.open(keys)
    write('audit.csv', CONTENT)
    write('other.csv', 'other')
    const root = (await desk.root()).der
    const timeRoot = desk.services.root.certificate.der
    write('root.der', root)
    write('time.der', timeRoot)
    write('root.pem', encodePem('CERTIFICATE', root))
    write('time.pem', encodePem('CERTIFICATE', timeRoot))
    await makeAll(desk)
    const elsewhere = process.env['COUNTERSIGN_KEEP'] ?? ''
    if (elsewhere !== '') keepFor(resolve(elsewhere))
    alter('p256.B-LTA.p7s', (bytes) => Buffer.from(bytes).indexOf(Buffer.from('2a864886f70d010904', 'hex')) + 20)
    const foreign = (await Promise.all(FOREIGN.map(prepareForeign))).flat()
    const names = CELLS.map(({ name }) => name)
    ask([
      ...names.flatMap((name) => Object.values(question).map((of) => of(name))),
      ...LEVELS.map((level) => question.detached(`ed25519.${level}`)),
      question.detached('altered.p256.B-LTA'),
      ['cms', 'p256.B-B.p7s', 'other.csv', 'root.der', 'time.der'],
      ['cms', 'p256.B-B.p7s', 'audit.csv', 'time.der', 'time.der'],
      ['verify', 'other.csv', 'p256.B-LTA.xades.xml'],
      ['xades-stamps', 'p256.B-LTA.xades.xml', 'other.csv', 'time.der'],
      ...foreign,
    ])
  }, 120_000)
  afterAll(async () => {
    await desk?.close()
    await keys?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('CAdES', () => {
    const verify = (name: string, ...more: readonly string[]) => {
      // Its default purpose is mail; a seal is for documents.
      const check = ['-inform', 'DER', '-in', name, '-binary', '-CAfile', 'root.pem', '-purpose', 'any', '-out', 'out']
      return openssl('cms', '-verify', '-cades', ...check, ...more)
    }
    const ok = { status: 0, text: expect.stringContaining('CAdES Verification successful') }

    it.each(CELLS)('is valid for OpenSSL: $name', ({ name, level }) => {
      // With lists inside, they have to serve too.
      const lists = level.startsWith('B-LT') ? ['-crl_check_all'] : []
      expect(verify(`${name}.p7s`, '-content', 'audit.csv', ...lists)).toEqual(ok)
      expect(verify(`${name}.p7m`, ...lists)).toEqual(ok)
      expect(read('out')).toEqual(CONTENT)
      expect(verify(`${name}.two.p7s`, '-content', 'audit.csv')).toEqual(ok)
    })

    it.each(CELLS)('is valid for BouncyCastle, with its time-stamps: $name', ({ name, level }) => {
      expect(verdictOf(...question.detached(name))).toBe(`valid ${level}`)
      expect(verdictOf(...question.attached(name))).toBe(`valid ${level}`)
      const both = level === 'B-T' ? 'valid B-T B-T' : `valid ${level} ${level}`
      expect(verdictOf(...question.second(name))).toBe(both)
    })

    it.each(LEVELS)('is valid for BouncyCastle with Ed25519: %s', (level) => {
      expect(verdictOf(...question.detached(`ed25519.${level}`))).toBe(`valid ${level}`)
    })

    it('is invalid for both when something was changed', () => {
      expect(verify('altered.p256.B-LTA.p7s', '-content', 'audit.csv').status).not.toBe(0)
      expect(verify('p256.B-B.p7s', '-content', 'other.csv').status).not.toBe(0)
      expect(verdictOf(...question.detached('altered.p256.B-LTA'))).toMatch(/^refused/)
      expect(verdictOf('cms', 'p256.B-B.p7s', 'other.csv', 'root.der', 'time.der')).toMatch(/^refused/)
      expect(verdictOf('cms', 'p256.B-B.p7s', 'audit.csv', 'time.der', 'time.der')).toMatch(/^refused.*CertPath/)
    })

    it.each(KINDS)('has time-stamps that OpenSSL verifies: $kind', ({ kind }) => {
      const [signer] = readCadesNeeds(read(`${kind}.B-LTA.p7s`)).signers
      const tokens = [...(signer?.signatureTimeStamps ?? []), ...(signer?.archiveTimeStamps ?? [])]
      expect(tokens).toHaveLength(2)
      for (const token of tokens) {
        write('token', token)
        const imprint = toHex(readSignedTimeStamp(token).info.imprint.digest)
        const check = ['ts', '-verify', '-in', 'token', '-token_in', '-CAfile', 'time.pem', '-digest']
        expect(openssl(...check, imprint)).toMatchObject({ status: 0, text: expect.stringContaining('OK') })
        expect(openssl(...check, imprint.replace(/^../, 'ff')).status).not.toBe(0)
      }
    })
  })

  describe('XAdES', () => {
    /** xmlsec 1.2 has no RSASSA-PSS of RFC 6931: the JDK judges that. */
    const known = CELLS.filter(({ kind }) => kind !== 'rsa-pss')
    const verify = (name: string) => {
      const ids = ['--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties']
      return run('xmlsec1', '--verify', '--enabled-key-data', 'x509', '--trusted-pem', 'root.pem', ...ids, name)
    }

    it.each(CELLS)('is valid for the JDK and by the schemas of W3C and ETSI: $name', ({ name }) => {
      for (const of of [question.xades, question.enveloped, question.schema, question.envelopedSchema]) {
        expect(verdictOf(...of(name))).toBe('valid')
      }
    })

    it.each(CELLS)('has time-stamps over what EN 319 132-1 says, computed elsewhere: $name', ({ name, level }) => {
      const expected = `valid ${level === 'B-B' ? 0 : 1} ${level === 'B-LTA' ? 1 : 0}`
      expect(verdictOf(...question.xadesStamps(name))).toBe(expected)
      expect(verdictOf(...question.envelopedStamps(name))).toBe(expected)
    })

    it.each(known)('is valid for xmlsec1, with the path: $name', ({ name }) => {
      expect(verify(`${name}.xades.xml`)).toMatchObject({ status: 0 })
      expect(verify(`${name}.enveloped.xml`)).toMatchObject({ status: 0 })
    })

    it('is invalid for both over something else', () => {
      expect(verdictOf('verify', 'other.csv', 'p256.B-LTA.xades.xml')).toBe('invalid')
      const stamps = ['xades-stamps', 'p256.B-LTA.xades.xml', 'other.csv', 'time.der']
      expect(verdictOf(...stamps)).toMatch(/^refused .*ArchiveTimeStamp imprint/)
      const text = readFileSync(file('p256.B-LTA.enveloped.xml'), 'utf8')
      write('altered.xml', text.replace('caff', 'kaff'))
      expect(verify('altered.xml').status).not.toBe(0)
    })
  })

  describe('PAdES', () => {
    it.each(CELLS)('is valid for poppler, and sound for qpdf: $name', ({ name, level }) => {
      const { text } = run('pdfsig', '-nocert', `${name}.pdf`)
      expect(text.match(/Signature is Valid/g), text).toHaveLength(1)
      expect(text).toContain('ETSI.CAdES.detached')
      expect(text).toMatch(level === 'B-LT' ? /- Not total document signed/ : /- Total document signed/)
      const checked = run('qpdf', '--check', `${name}.pdf`)
      expect(checked).toMatchObject({ status: 0, text: expect.not.stringContaining('WARNING') })
    })
  })

  const python = findPyhanko()
  describe.skipIf(python === '')('PAdES (needs pyHanko from the registry of Python, or COUNTERSIGN_PYHANKO)', () => {
    it('is trusted by pyHanko, and what lasts passes EN 319 102-1', { timeout: 120_000 }, () => {
      const judge = resolve(import.meta.dirname, '../pades/judge.py')
      const { status, text } = run(python, judge, 'judge', folder, file('root.der'), file('time.der'))
      expect({ status, text }).toMatchObject({ status: 0 })
      const lines = text
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { readonly file: string; readonly kind: string })
      expect(new Set(lines.map((line) => line.file)).size).toBe(CELLS.length)
      for (const line of lines) {
        expect(line).toMatchObject({ ok: true })
        if (line.kind === 'time-stamp' || !line.file.includes('B-LTA')) continue
        expect(line).toMatchObject({ revocation: true, lasting: ['AdESStatus.PASSED', 'OK', expect.anything()] })
      }
    })
  })

  describe('signatures of others', () => {
    const judge = (algorithm: SignatureAlgorithm, cms: Uint8Array, content = CONTENT) => {
      const anchors = [foreignRoots.get(algorithm)!.certificate]
      const digestOf = (hash: HashName) => digest(hash, content)
      return verifyCades({ cms, digestOf, anchors, revocation: 'none', now: new Date() })
    }
    const expected = (algorithm: SignatureAlgorithm) => ({ level: 'B-B', signed: { signatureAlgorithm: algorithm } })

    it.each(FOREIGN.filter(({ options }) => options !== null))(
      'of OpenSSL stand: $algorithm',
      ({ algorithm, options }) => {
        for (const form of [[], ['-nodetach']]) {
          const signer = ['-signer', `${algorithm}.pem`, '-inkey', `${algorithm}.key.pem`, ...(options ?? [])]
          const output = ['-certfile', `${algorithm}.sub.pem`, '-outform', 'DER', '-out', 'theirs']
          const made = openssl('cms', '-sign', '-cades', '-binary', ...form, '-in', 'audit.csv', ...signer, ...output)
          expect(made).toMatchObject({ status: 0 })
          expect(judge(algorithm, read('theirs'))).toMatchObject(expected(algorithm))
          if (form.length > 0) continue
          expect(() => judge(algorithm, read('theirs'), new Uint8Array(2))).toThrow(/digest-mismatch/)
        }
      },
    )

    it.each(FOREIGN)('of BouncyCastle stand: $algorithm', ({ algorithm, kind, java }) => {
      const base = ['cms-sign', `${algorithm}.key`, kind, java, `${algorithm}.der`, `${algorithm}.sub.der`, 'audit.csv']
      for (const form of ['attached', 'detached']) {
        expect(verdictOf(...base, form, `${algorithm}.bc.${form}`)).toBe('signed')
        expect(judge(algorithm, read(`${algorithm}.bc.${form}`))).toMatchObject(expected(algorithm))
      }
    })
  })
})
