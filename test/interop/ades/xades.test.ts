import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { digest, encodePem, type SignatureAlgorithm } from '../../../shared/pki/index.ts'
import { verifyXades } from '../../../shared/ades/index.ts'
import { encodeBase64 } from '../../../shared/ades/base64.ts'
import { describeWith, isMissing } from '../../parts.ts'
import { CONTENT, contentHash, decode, TrustService } from '../../unit/shared/ades/kit.ts'

const SCHEMAS = resolve(import.meta.dirname, '../../fixtures/xsd')
const JUDGE = join(import.meta.dirname, 'Judge.java')
const ALGORITHMS = [
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'rsa-pss-sha512',
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
] as const satisfies readonly SignatureAlgorithm[]
const now = new Date(Math.floor(Date.now() / 1000) * 1000)
const folder = mkdtempSync(join(tmpdir(), 'countersign-xades-'))
const file = (name: string): string => join(folder, name)

/** Standard output; throws with both outputs where the program fails. */
function run(program: string, ...parameters: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd: folder, encoding: 'utf8', timeout: 110_000 })
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')}\n${stdout}${stderr}`)
  return stdout
}
const JDK = 'default-jdk-headless'

const services = new Map<SignatureAlgorithm, TrustService>()
const names: string[] = []
const verdicts = new Map<string, string>()

/** Asks the JDK all at once. A question is a command of `Judge.java`, its words without tabs. */
function judgeAll(questions: readonly (readonly string[])[]): void {
  run('javac', '-d', 'classes', JUDGE)
  writeFileSync(file('questions'), questions.map((words) => words.join('\t')).join('\n'))
  const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
  const lines = run('java', ...quick, '-cp', 'classes', 'Judge', 'questions')
    .trim()
    .split('\n')
  for (const [at, words] of questions.entries()) verdicts.set(words.join(' '), lines[at] ?? '')
}
const verdictOf = (...words: readonly string[]): string | undefined => verdicts.get(words.join(' '))

function alter(name: string, from: string | RegExp, to: string): string {
  const text = readFileSync(file(name), 'utf8')
  expect(text).toMatch(from)
  writeFileSync(file(`altered.${name}`), text.replaceAll(from, to))
  return `altered.${name}`
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const FOREIGN: readonly (readonly [string, SignatureAlgorithm, string, string])[] = [
  ['exclusive', 'rsa-sha256', `${MORE}rsa-sha256`, 'http://www.w3.org/2001/10/xml-exc-c14n#'],
  ['inclusive', 'ecdsa-sha256', `${MORE}ecdsa-sha256`, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'],
  [
    'inclusive 1.1',
    'rsa-pss-sha256',
    'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
    'http://www.w3.org/2006/12/xml-c14n11',
  ],
]
const ALTERED = ['altered.rsa-pss-sha256.detached.basic.xml', 'altered.ecdsa-sha256.enveloped.renewed.xml'] as const
const UNKNOWN = 'altered.rsa-sha256.detached.basic.xml'

beforeAll(async () => {
  if (isMissing(JDK) && isMissing('xmlsec1')) return
  writeFileSync(file('export.csv'), CONTENT)
  writeFileSync(file('other.csv'), 'other')
  for (const algorithm of ALGORITHMS) {
    const trust = await TrustService.open(now, algorithm)
    services.set(algorithm, trust)
    writeFileSync(file(`${algorithm}.root.pem`), encodePem('CERTIFICATE', trust.root.certificate.der))
    for (const form of ['detached', 'enveloped'] as const) {
      const { basic, timed, lasting, archived, renewed } = await trust.levels(await trust[form]())
      for (const [level, xml] of Object.entries({ basic, timed, lasting, archived, renewed })) {
        names.push(`${algorithm}.${form}.${level}.xml`)
        writeFileSync(file(`${algorithm}.${form}.${level}.xml`), xml)
      }
    }
  }
  alter('rsa-pss-sha256.detached.basic.xml', `Time>${now.getUTCFullYear()}`, 'Time>2001')
  alter('ecdsa-sha256.enveloped.renewed.xml', 'b="2"', 'b="3"')
  alter('rsa-sha256.detached.basic.xml', 'xades:MimeType', 'xades:Mime')
  if (isMissing(JDK)) return
  const signing = FOREIGN.map(([, algorithm, uri, canonical]) => {
    const trust = services.get(algorithm)!
    writeFileSync(file(`${algorithm}.key`), trust.key.privateKey.export({ type: 'pkcs8', format: 'der' }))
    writeFileSync(file(`${algorithm}.der`), trust.leaf.der)
    writeFileSync(file(`${algorithm}.properties`), foreignProperties(trust))
    const kind = algorithm.startsWith('rsa') ? 'RSA' : 'EC'
    const inputs = [
      `${algorithm}.key`,
      `${algorithm}.der`,
      kind,
      uri,
      canonical,
      `${algorithm}.properties`,
      'export.csv',
    ]
    return ['sign', ...inputs, `${algorithm}.foreign.xml`]
  })
  judgeAll([
    ...[...names, ...ALTERED].map((name) => ['verify', 'export.csv', name]),
    ['verify', 'other.csv', 'ecdsa-sha384.detached.basic.xml'],
    ...[...names, UNKNOWN].map((name) => ['validate', SCHEMAS, name]),
    ...signing,
  ])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeWith([JDK], 'when the JDK judges our signatures', () => {
  it('finds each algorithm, form and level valid', () => {
    expect(names).toHaveLength(90)
    expect(names.filter((name) => verdictOf('verify', 'export.csv', name) !== 'valid')).toEqual([])
  })

  it('finds other content, other properties and another document invalid', () => {
    expect(ALTERED.map((name) => verdictOf('verify', 'export.csv', name))).toEqual(['invalid', 'invalid'])
    expect(verdictOf('verify', 'other.csv', 'ecdsa-sha384.detached.basic.xml')).toBe('invalid')
  })

  it('finds each valid by the schemas of W3C and ETSI', () => {
    expect(names.filter((name) => verdictOf('validate', SCHEMAS, name) !== 'valid')).toEqual([])
    expect(verdictOf('validate', SCHEMAS, UNKNOWN)).toMatch(/^invalid .*MimeType/)
  })
})

describeWith([JDK], 'when the JDK signs', () => {
  it.each(FOREIGN)('verifies what it made, %s, with %s', (_, algorithm) => {
    const trust = services.get(algorithm)!
    const wanted = {
      xml: new Uint8Array(readFileSync(file(`${algorithm}.foreign.xml`))),
      contentHash: contentHash(),
      anchors: [trust.root.certificate],
      intermediates: [trust.sub.certificate],
      revocation: 'none',
      now,
    } as const
    const found = verifyXades(wanted)
    expect(found).toMatchObject({ level: 'B-B', contentUri: 'export.csv', signed: { signatureAlgorithm: algorithm } })
    expect(() => verifyXades({ ...wanted, contentHash: contentHash(new Uint8Array(1)) })).toThrow(/digest-mismatch/)
    expect(decode(wanted.xml)).toContain('dsig:Signature')
  })
})

const foreignProperties = (trust: TrustService): string => `<q:QualifyingProperties
    xmlns:q="http://uri.etsi.org/01903/v1.3.2#" xmlns:unused="urn:unused" Target="#J">
  <q:SignedProperties Id="J-properties">
    <q:SignedSignatureProperties>
      <q:SigningTime>${now.toISOString()}</q:SigningTime>
      <q:SigningCertificateV2><q:Cert><q:CertDigest>
        <d:DigestMethod xmlns:d="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <d:DigestValue xmlns:d="http://www.w3.org/2000/09/xmldsig#">${encodeBase64(digest('sha256', trust.leaf.der))}</d:DigestValue>
      </q:CertDigest></q:Cert></q:SigningCertificateV2>
    </q:SignedSignatureProperties>
    <q:SignedDataObjectProperties>
      <q:DataObjectFormat ObjectReference="#J-content"><q:MimeType>text/csv</q:MimeType></q:DataObjectFormat>
    </q:SignedDataObjectProperties>
  </q:SignedProperties>
</q:QualifyingProperties>`

/** xmlsec 1.2 has no RSASSA-PSS of RFC 6931: the JDK judges that. */
describeWith(['xmlsec1'], 'when xmlsec1 judges our signatures', () => {
  const verify = (name: string): string => {
    const { status } = spawnSync(
      'xmlsec1',
      [
        '--verify',
        '--enabled-key-data',
        'x509',
        '--trusted-pem',
        `${name.replace('altered.', '').split('.')[0]}.root.pem`,
        '--id-attr:Id',
        'http://uri.etsi.org/01903/v1.3.2#:SignedProperties',
        name,
      ],
      { cwd: folder, encoding: 'utf8', timeout: 30_000 },
    )
    return status === 0 ? 'valid' : 'invalid'
  }

  it('finds each algorithm, form and level valid, with the path', () => {
    const wanted = names.filter((name) => !name.startsWith('rsa-pss'))
    expect(wanted).toHaveLength(60)
    expect(wanted.filter((name) => verify(name) !== 'valid')).toEqual([])
  })

  it('finds another document invalid', () => {
    expect(verify(ALTERED[1])).toBe('invalid')
  })
})
