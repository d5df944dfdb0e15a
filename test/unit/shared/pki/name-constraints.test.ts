import { describe, expect, it } from 'vitest'
import * as der from '../../../../shared/pki/der-write.ts'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import { encodeName, isSameName, OID, parseName, verifyPath } from '../../../../shared/pki/index.ts'
import {
  AT,
  certify,
  extended,
  LEAF_FIELDS,
  rootAuthority,
  subAuthority,
  testKey,
  verdict,
  type CertificateOptions,
} from './authority.ts'
import { altNames, general, nameConstraints } from './ca-extensions.ts'

const { dns, email, uri, ip, directory, upn, registeredId } = general
const root = await rootAuthority()
const key = testKey('ecdsa-sha256')
const plain = await subAuthority(root)

interface Below {
  readonly names?: readonly Uint8Array[]
  readonly subject?: CertificateOptions['name']
}

async function judge(constraints: Uint8Array, { names = [], subject = 'Leaf' }: Below): Promise<string> {
  const sub = { ...plain, certificate: await extended(plain.certificate, root, constraints) }
  const bare = await certify(key, sub, { ...LEAF_FIELDS, name: subject })
  const leaf = names.length > 0 ? await extended(bare, sub, altNames(...names)) : bare
  const path = { leaf, intermediates: [sub.certificate], anchors: [root.certificate], at: AT }
  return verdict(() => verifyPath({ ...path, revocation: 'none' }))
}

describe('when a CA may name only some', () => {
  const of = (limit: Uint8Array) => nameConstraints([limit])
  const not = (limit: Uint8Array) => nameConstraints([], [limit])
  const org = directory([{ type: 'O', value: 'Desk' }])
  const mail: CertificateOptions['name'] = [
    { type: 'CN', value: 'Anna' },
    { type: 'emailAddress', value: 'anna@good.example' },
  ]
  const rows: [string, Uint8Array, Below, 'ok' | 'name-constraints' | 'malformed'][] = [
    ['no name of that form', of(dns('good.example')), {}, 'ok'],
    ['the host itself', of(dns('good.example')), { names: [dns('good.example')] }, 'ok'],
    ['a host below', of(dns('good.example')), { names: [dns('a.b.GOOD.example')] }, 'ok'],
    ['a host that ends alike', of(dns('good.example')), { names: [dns('notgood.example')] }, 'name-constraints'],
    [
      'one of two hosts outside',
      of(dns('good.example')),
      { names: [dns('good.example'), dns('evil.example')] },
      'name-constraints',
    ],
    ['a wildcard below', of(dns('good.example')), { names: [dns('*.good.example')] }, 'ok'],
    ['only below, the host itself', of(dns('.good.example')), { names: [dns('good.example')] }, 'name-constraints'],
    ['only below, one below', of(dns('.good.example')), { names: [dns('a.good.example')] }, 'ok'],
    ['any host', of(dns('')), { names: [dns('a.example')] }, 'ok'],
    ['an excluded host', not(dns('evil.example')), { names: [dns('evil.example.')] }, 'name-constraints'],
    ['below an excluded host', not(dns('evil.example')), { names: [dns('a.evil.example')] }, 'name-constraints'],
    ['a wildcard over an excluded host', not(dns('evil.example')), { names: [dns('*.example')] }, 'name-constraints'],
    ['a wildcard over other hosts', not(dns('very.evil.example')), { names: [dns('*.example')] }, 'ok'],
    [
      'permitted and excluded',
      nameConstraints([dns('example')], [dns('evil.example')]),
      { names: [dns('evil.example')] },
      'name-constraints',
    ],
    [
      'permitted, and not excluded',
      nameConstraints([dns('example')], [dns('evil.example')]),
      { names: [dns('good.example')] },
      'ok',
    ],
    ['a mailbox', of(email('Anna@good.example')), { names: [email('Anna@GOOD.example')] }, 'ok'],
    [
      'a mailbox of another case',
      of(email('Anna@good.example')),
      { names: [email('anna@good.example')] },
      'name-constraints',
    ],
    ['a host of mailboxes', of(email('good.example')), { names: [email('b@good.example')] }, 'ok'],
    [
      'a host below one of mailboxes',
      of(email('good.example')),
      { names: [email('b@a.good.example')] },
      'name-constraints',
    ],
    ['a domain of mailboxes', of(email('.good.example')), { names: [email('b@a.good.example')] }, 'ok'],
    ['the domain itself', of(email('.good.example')), { names: [email('b@good.example')] }, 'name-constraints'],
    [
      'two signs in an address',
      of(email('good.example')),
      { names: [email('a@good.example@evil.example')] },
      'name-constraints',
    ],
    ['no address', of(email('good.example')), { names: [email('good.example')] }, 'name-constraints'],
    ['no address, excluded', not(email('evil.example')), { names: [email('evil')] }, 'name-constraints'],
    ['an address in the subject', of(email('good.example')), { subject: mail }, 'ok'],
    ['an address in the subject outside', of(email('evil.example')), { subject: mail }, 'name-constraints'],
    ['a host in a URI', of(uri('good.example')), { names: [uri('https://user@good.example:8443/a?b#c')] }, 'ok'],
    [
      'another host before an at',
      of(uri('good.example')),
      { names: [uri('https://good.example@evil.example/')] },
      'name-constraints',
    ],
    ['a domain of URIs', of(uri('.good.example')), { names: [uri('https://a.good.example')] }, 'ok'],
    ['a URI below a host', of(uri('good.example')), { names: [uri('https://a.good.example')] }, 'name-constraints'],
    ['a URI with an address', of(uri('good.example')), { names: [uri('https://127.0.0.1/')] }, 'name-constraints'],
    ['a URI with an IPv6 address', not(uri('good.example')), { names: [uri('https://[::1]/')] }, 'name-constraints'],
    ['a URI without a host', not(uri('good.example')), { names: [uri('urn:a:b')] }, 'name-constraints'],
    ['an excluded URI', not(uri('good.example')), { names: [uri('https://good.example')] }, 'name-constraints'],
    ['an address in range', of(ip(10, 0, 0, 0, 255, 0, 0, 0)), { names: [ip(10, 1, 2, 3)] }, 'ok'],
    ['an address out of range', of(ip(10, 0, 0, 0, 255, 0, 0, 0)), { names: [ip(11, 1, 2, 3)] }, 'name-constraints'],
    [
      'an IPv6 address under an IPv4 range',
      of(ip(0, 0, 0, 0, 0, 0, 0, 0)),
      { names: [ip(...Array<number>(16).fill(1))] },
      'name-constraints',
    ],
    [
      'an IPv6 range',
      of(ip(0xfd, ...Array<number>(15).fill(0), 0xff, ...Array<number>(15).fill(0))),
      { names: [ip(0xfd, ...Array<number>(15).fill(9))] },
      'ok',
    ],
    ['an excluded address', not(ip(10, 0, 0, 1, 255, 255, 255, 255)), { names: [ip(10, 0, 0, 1)] }, 'name-constraints'],
    ['a range that is none', of(ip(10, 0, 0, 0)), {}, 'malformed'],
    [
      'the organisation',
      of(org),
      {
        subject: [
          { type: 'O', value: 'DESK' },
          { type: 'CN', value: 'Anna' },
        ],
      },
      'ok',
    ],
    [
      'the organisation after another part',
      of(org),
      {
        subject: [
          { type: 'CN', value: 'Anna' },
          { type: 'O', value: 'Desk' },
        ],
      },
      'name-constraints',
    ],
    [
      'a directory name among the others',
      of(org),
      { subject: [{ type: 'O', value: 'Desk' }], names: [directory([{ type: 'O', value: 'Evil' }])] },
      'name-constraints',
    ],
    [
      'an excluded organisation',
      not(org),
      {
        subject: [
          { type: 'O', value: ' desk ' },
          { type: 'CN', value: 'A' },
        ],
      },
      'name-constraints',
    ],
    [
      'a principal, which cannot be compared',
      of(upn('a@good.example')),
      { names: [upn('a@good.example')] },
      'name-constraints',
    ],
    ['a limit on principals, and none there', of(upn('a@good.example')), { names: [dns('a.example')] }, 'ok'],
    ['an excluded registered id', not(registeredId('1.2.3')), { names: [registeredId('1.2.3')] }, 'name-constraints'],
    [
      'a limit not marked critical',
      nameConstraints([dns('good.example')], [], false),
      { names: [dns('evil.example')] },
      'name-constraints',
    ],
  ]
  it.each(rows)('judges %s', async (_, constraints, below, expected) => {
    const result = await judge(constraints, below).catch((error: { reason: string }) => error.reason)
    expect(result).toBe(expected)
  })

  it('reads no limits that are empty, or bounded in depth', async () => {
    const empty = writeExtension(OID.nameConstraints, true, der.writeSequence())
    await expect(judge(empty, {})).rejects.toMatchObject({ reason: 'malformed' })
    const bounded = der.tlv(0xa0, der.writeSequence(dns('a.example'), der.tlv(0x81, Uint8Array.of(1))))
    const extension = writeExtension(OID.nameConstraints, true, der.writeSequence(bounded))
    await expect(judge(extension, {})).rejects.toMatchObject({ reason: 'name-constraints' })
  })

  it('holds every CA’s limits together, and self-issued CAs to none', async () => {
    const one = { ...plain, certificate: await extended(plain.certificate, root, nameConstraints([dns('example')])) }
    const rolled = await subAuthority(one, { name: 'Issuing', subjectAltName: { dns: ['evil.test'] } })
    const two = await subAuthority(rolled, { name: 'Second' })
    const limited = {
      ...two,
      certificate: await extended(two.certificate, rolled, nameConstraints([dns('good.example')])),
    }
    const intermediates = [one.certificate, rolled.certificate, limited.certificate]
    const judged = async (name: string) => {
      const leaf = await extended(await certify(key, limited, LEAF_FIELDS), limited, altNames(dns(name)))
      const path = { leaf, intermediates, anchors: [root.certificate], at: AT, revocation: 'none' as const }
      return verdict(() => verifyPath(path))
    }
    expect(await judged('a.good.example')).toBe('ok')
    expect(await judged('a.evil.example')).toBe('name-constraints')
  })

  it('bounds the work', async () => {
    const hosts = Array.from({ length: 250 }, (_, i) => dns(`h${i}.example`))
    const below = Array.from({ length: 64 }, () => dns('h249.example'))
    let issuer = root
    const intermediates = []
    for (let i = 0; i < 6; i++) {
      const next = await subAuthority(issuer, { name: `CA ${i}` })
      issuer = {
        ...next,
        certificate: await extended(next.certificate, issuer, nameConstraints(hosts, hosts.slice(0, 100))),
      }
      intermediates.push(issuer.certificate)
    }
    const leaf = await extended(await certify(key, issuer, LEAF_FIELDS), issuer, altNames(...below))
    const path = { leaf, intermediates, anchors: [root.certificate], at: AT, revocation: 'none' as const }
    expect(verdict(() => verifyPath(path))).toBe('too-large')
  })
})

describe('when names are compared', () => {
  const name = (...values: Uint8Array[]) =>
    parseName(
      der.writeSequence(...values.map((value) => der.writeSetOf(der.writeSequence(der.writeOid('2.5.4.3'), value)))),
    )
  const bmp = (text: string) => der.tlv(0x1e, Uint8Array.from(Array.from(text, (c) => [0, c.charCodeAt(0)]).flat()))
  it.each([
    ['case and string type', name(der.writeUtf8('Anna')), name(der.writePrintable('ANNA')), true],
    ['a wide string', name(bmp('Anna')), name(der.writeUtf8('anna')), true],
    ['spaces around and between', name(der.writeUtf8('  Anna   Rossi ')), name(der.writeUtf8('Anna Rossi')), true],
    ['tabs and no-break spaces', name(der.writeUtf8('Anna\t\u00a0Rossi')), name(der.writeUtf8('anna rossi')), true],
    ['a space that is not there', name(der.writeUtf8('AnnaRossi')), name(der.writeUtf8('anna rossi')), false],
    ['composed and decomposed', name(der.writeUtf8('Andr\u00e9')), name(der.writeUtf8('ANDRE\u0301')), true],
    ['sharp s', name(der.writeUtf8('Stra\u00dfe')), name(der.writeUtf8('STRASSE')), true],
    ['final sigma', name(der.writeUtf8('\u03a3\u039f\u03a3')), name(der.writeUtf8('\u03c3\u03bf\u03c2')), true],
    ['a soft hyphen', name(der.writeUtf8('An\u00adna')), name(der.writeUtf8('anna')), true],
    ['an accent', name(der.writeUtf8('Andre')), name(der.writeUtf8('Andr\u00e9')), false],
    ['a dotless i', name(der.writeUtf8('\u0131')), name(der.writeUtf8('i')), false],
    ['private use, the same octets', name(der.writeUtf8('\ue000')), name(der.writeUtf8('\ue000')), true],
    ['private use, another case', name(der.writeUtf8('\ue000a')), name(der.writeUtf8('\ue000A')), false],
    [
      'another order',
      name(der.writeUtf8('a'), der.writeUtf8('b')),
      name(der.writeUtf8('b'), der.writeUtf8('a')),
      false,
    ],
    ['a part more', name(der.writeUtf8('a')), name(der.writeUtf8('a'), der.writeUtf8('b')), false],
    ['nothing', name(), name(), true],
  ])('%s', (_, a, b, expected) => {
    expect(isSameName(a, b)).toBe(expected)
    expect(isSameName(b, a)).toBe(expected)
  })

  it('takes the attributes of one part in any order, and tells types apart', () => {
    const attribute = (oid: string, text: string) => der.writeSequence(der.writeOid(oid), der.writeUtf8(text))
    const [a, b] = [attribute('2.5.4.3', 'x'), attribute('2.5.4.10', 'yy')]
    const one = parseName(der.writeSequence(der.tlv(0x31, a, b)))
    const other = parseName(der.writeSequence(der.tlv(0x31, b, a)))
    expect(isSameName(one, other)).toBe(true)
    const unit = parseName(encodeName([{ type: 'OU', value: 'x' }]))
    expect(isSameName(unit, parseName(encodeName([{ type: 'O', value: 'x' }])))).toBe(false)
  })
})
