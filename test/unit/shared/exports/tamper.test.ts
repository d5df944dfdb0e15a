import { describe, expect, it } from 'vitest'
import { leafHash } from '../../../../shared/audit/merkle.ts'
import { prepareCut } from '../../../../shared/audit/verification.ts'
import {
  disclosedLine,
  MANIFEST_SIGNATURE,
  openZipPackage,
  rowOf,
  unreadablePackage,
  verifyPackage,
  type ChainFile,
} from '../../../../shared/exports/index.ts'
import { digest, toHex } from '../../../../shared/pki/index.ts'
import { MemoryChain } from '../audit/memory-chain.ts'
import { FUZZ_TIMEOUT_MS } from '../pki/fuzz.ts'
import { certify, crlOf, testKey } from '../pki/authority.ts'
import {
  AT,
  days,
  faultsOf,
  folderOf,
  makePackage,
  manifestOf,
  openChain,
  openSigning,
  openWitness,
  optionsOf,
  readerOf,
  seal,
  SEAL_FIELDS,
  signDetached,
  textOf,
  utf8,
  verifyZip,
  zipOf,
  type PackageOrder,
} from './kit.ts'

const signing = await openSigning()
const chain = openChain()
const whole = await makePackage(chain, signing)
const zip = zipOf(whole)

const verdictOf = async (bytes: Uint8Array): Promise<string> => {
  try {
    return (await verifyZip(bytes, optionsOf(signing))).indication
  } catch (error) {
    return unreadablePackage(error, AT).indication
  }
}

describe('when one byte of a package is another', () => {
  it('passes nowhere', { timeout: FUZZ_TIMEOUT_MS }, async () => {
    const few = new MemoryChain()
    few.openEpoch()
    const order = {
      completeness: 'inclusion',
      kindOf: ({ sequence }: { readonly sequence: number }) => (sequence === 1 ? 'disclosed' : null),
    } as const
    const zip = zipOf(
      await makePackage(few, signing, { ...order, filter: { objectType: ['audit-key'], tenant: ['tenant-1'] } }),
    )
    expect(await verdictOf(zip)).toBe('TOTAL-PASSED')
    const passing: number[] = []
    // Each byte with SOAK=1; else one in so many, others each day.
    const step = process.env['SOAK'] === '1' ? 1 : 7
    for (let place = Math.floor(Date.now() / 86_400_000) % step; place < zip.length; place += step) {
      const changed = zip.slice()
      changed[place] = (changed[place] ?? 0) ^ (1 << (place % 8))
      if ((await verdictOf(changed)) === 'TOTAL-PASSED') passing.push(place)
    }
    expect(passing).toEqual([])
  })

  it('passes nowhere in a large one either', { timeout: FUZZ_TIMEOUT_MS }, async () => {
    const large = zipOf(await makePackage(openChain(1500), signing, { format: 'xml', enveloped: true }))
    expect(await verdictOf(large)).toBe('TOTAL-PASSED')
    for (let round = 0; round < (process.env['SOAK'] === '1' ? 500 : 40); round += 1) {
      const changed = large.slice()
      const place = Math.floor(Math.random() * large.length)
      changed[place] = (changed[place] ?? 0) ^ (1 << (place % 8))
      expect([place, await verdictOf(changed)]).not.toEqual([place, 'TOTAL-PASSED'])
    }
  })

  it('passes nowhere that was cut short, or has more behind it', async () => {
    for (const length of [0, 1, 21, 22, 30, zip.length >> 1, zip.length - 22, zip.length - 1])
      expect(await verdictOf(zip.subarray(0, length))).toBe('TOTAL-FAILED')
    expect(await verdictOf(new Uint8Array(Buffer.concat([zip, Uint8Array.of(0)])))).toBe('TOTAL-FAILED')
    expect(await verdictOf(new Uint8Array(Buffer.concat([Uint8Array.of(0), zip])))).toBe('TOTAL-FAILED')
  })
})

const swapped = (lines: string[], left: number, right: number): string[] => {
  const made = [...lines]
  ;[made[left], made[right]] = [lines[right] ?? '', lines[left] ?? '']
  return made
}
const without = (lines: string[], place: number): string[] => lines.filter((_, number) => number !== place)
const other = openChain()
const foreign = other.rows[7]
const isCard = (row: { readonly objectId: string }): boolean => row.objectId === 'card-1'
const lastCard = chain.rows.findLast(isCard)?.sequence
const cards = { completeness: 'headers', filter: { objectId: 'card-1' } } as const

/** Whoever makes these holds a key that an anchor vouches for: all digests and signatures are made anew. */
const REMADE: readonly (readonly [string, PackageOrder, string])[] = [
  ['a line dropped', { lines: (lines) => without(lines, 5) }, 'evidence FORMAT_FAILURE sequence'],
  ['the last line dropped', { lines: (lines) => lines.slice(0, -1) }, 'evidence FORMAT_FAILURE missing'],
  ['lines swapped', { lines: (lines) => swapped(lines, 3, 4) }, 'evidence FORMAT_FAILURE sequence'],
  ['a line twice', { lines: (lines) => [...lines.slice(0, 4), ...lines.slice(3)] }, 'evidence FORMAT_FAILURE sequence'],
  [
    'a line of another chain',
    { lines: (lines) => lines.map((line, place) => (place === 7 && foreign ? disclosedLine(rowOf(foreign)) : line)) },
    'evidence FORMAT_FAILURE previous',
  ],
  [
    'another payload',
    { lines: (lines) => lines.map((line) => line.replace('"sequence":3}', '"sequence":8}')) },
    'evidence HASH_FAILURE payload',
  ],
  [
    'a payload said to be erased',
    {
      lines: (lines) =>
        lines.map((line, place) =>
          place === 3
            ? line
                .replace(/"n":\[(\d+),\d+\]/, '"n":[$1,4]')
                .replace(/,"p":.*,"s":("[^"]*"),"t":.*/, ',"p":null,"s":$1,"t":"","x":{"at":1,"by":"x","rule":"y"}}')
            : line,
        ),
    },
    'evidence FORMAT_FAILURE erased',
  ],
  [
    'an entry with another action',
    {
      lines: (lines) =>
        lines.map((line) =>
          line
            .replace('"action":"Insertion","at":1700000000003', '"action":"Deletion","at":1700000000003')
            .replace(/^\{"n":\[(\d+)/, (all, n: string) =>
              line.includes('1700000000003') ? `{"n":[${Number(n) - 1}` : all,
            ),
        ),
    },
    'evidence FORMAT_FAILURE tree',
  ],
  [
    'blanks in a line',
    { lines: (lines) => lines.map((line) => line.replace('"e":', '"e": ')) },
    'evidence FORMAT_FAILURE evidence-line',
  ],
  [
    'no newline at the end',
    { lines: (lines) => [lines.join('').slice(0, -1)] },
    'evidence FORMAT_FAILURE evidence-line',
  ],
  ['a row of the data changed', { data: (data) => data.replace('holder-3', 'holder-4') }, 'data HASH_FAILURE'],
  ['a row of the data taken out', { data: (data) => data.split('\n').slice(1).join('\n') }, 'data HASH_FAILURE'],
  ['another name of an operator in the data', { data: (data) => data.replace('Anna', 'Bruno') }, 'data HASH_FAILURE'],
  [
    'another root in the manifest',
    {
      manifest: (manifest) => ({
        ...manifest,
        counts: {
          ...manifest.counts,
          chains: manifest.counts.chains.map((one) => ({ ...one, root: Buffer.alloc(32).toString('base64') })),
        },
      }),
    },
    'checkpoint FORMAT_FAILURE checkpoint-other',
  ],
  [
    'a smaller size in the manifest',
    {
      manifest: (manifest) => ({
        ...manifest,
        counts: { ...manifest.counts, chains: manifest.counts.chains.map((one) => ({ ...one, size: one.size - 1 })) },
      }),
    },
    'checkpoint FORMAT_FAILURE checkpoint-other',
  ],
  [
    'other counts',
    {
      manifest: (manifest) => ({
        ...manifest,
        counts: { ...manifest.counts, chains: manifest.counts.chains.map((one) => ({ ...one, hidden: 1 })) },
      }),
    },
    'completeness GENERIC counts',
  ],
  [
    'the key of an epoch left out',
    { chainFile: (file) => ({ ...file, keys: file.keys.slice(0, -1) }) },
    'evidence FORMAT_FAILURE unknown-key',
  ],
  [
    'keys of another chain',
    { chainFile: (file) => ({ ...file, keys: keysOf() }) },
    'checkpoint FORMAT_FAILURE chain-keys',
  ],
  [
    'the note of another chain',
    { chainFile: (file) => ({ ...file, note: other.checkpoint().note }) },
    'checkpoint FORMAT_FAILURE note-signature',
  ],
  ['a stretch said to be the whole', { from: 3, chainFile: (file) => file }, 'evidence FORMAT_FAILURE range'],
  [
    'an entry left out that was to be selected',
    { ...cards, kindOf: (row) => (isCard(row) && row.sequence !== lastCard ? 'disclosed' : 'header') },
    'completeness GENERIC left-out',
  ],
  [
    'an entry shown that was not to be selected',
    { ...cards, kindOf: (row) => (isCard(row) || row.sequence === 3 ? 'disclosed' : 'header') },
    'completeness GENERIC not-selected',
  ],
  [
    'headers of a part of the chain only',
    { ...cards, from: 8, kindOf: (row) => (isCard(row) ? 'disclosed' : 'header') },
    'completeness GENERIC open-begin',
  ],
  [
    'headers where everything is claimed',
    { kindOf: (row) => (row.sequence === 5 ? 'header' : 'disclosed') },
    'evidence FORMAT_FAILURE kind',
  ],
  [
    'a proof of another entry',
    {
      completeness: 'inclusion',
      lines: (lines) =>
        lines.map((line, place) =>
          place === 2 ? line.replace(/"i":.*/, /"i":.*/.exec(lines[3] ?? '')?.[0] ?? '') : line,
        ),
    },
    'evidence HASH_FAILURE inclusion',
  ],
]

const keysOf = () =>
  other.keys.map(({ statement, endorsement }) => ({
    statement: Buffer.from(statement).toString('base64'),
    endorsement: Buffer.from(endorsement).toString('base64'),
    certificate: null,
  }))

describe('when what is signed anew is not what the chain says', () => {
  it.each(REMADE)('refuses %s', async (_, order, fault) => {
    const report = await verifyZip(zipOf(await makePackage(chain, signing, order)), optionsOf(signing))
    expect(report.indication).toBe('TOTAL-FAILED')
    expect(faultsOf(report)[0]).toBe(fault)
  })
})

describe('when entries were selected', () => {
  it.each([
    ['headers of all others', { ...cards, kindOf: (row) => (isCard(row) ? 'disclosed' : 'header') }],
    [
      'proofs alone',
      {
        completeness: 'inclusion',
        filter: { objectId: 'card-1' },
        kindOf: (row) => (isCard(row) ? 'disclosed' : null),
      },
    ],
    [
      'a span of time, with the entry before and after',
      {
        completeness: 'range',
        filter: { from: 1_700_000_000_004, to: 1_700_000_000_009 },
        from: 3,
        to: 9,
        kindOf: ({ sequence }) => (sequence === 3 || sequence === 9 ? 'header' : 'disclosed'),
      },
    ],
    [
      'a span of time to the end',
      {
        completeness: 'range',
        filter: { from: 1_700_000_000_004 },
        from: 3,
        kindOf: ({ sequence }) => (sequence === 3 ? 'header' : 'disclosed'),
      },
    ],
  ] satisfies [string, PackageOrder][])('passes with %s', async (_, order) => {
    const report = await verifyZip(zipOf(await makePackage(chain, signing, order)), optionsOf(signing))
    expect(faultsOf(report)).toEqual([])
    expect(report.indication).toBe('TOTAL-PASSED')
  })
})

describe('when the chain was cut', () => {
  const cut = async (announce: boolean) => {
    const made = openChain(20)
    made.checkpoint()
    const leaves = made.rows.map((row) => leafHash(row.bytes))
    const state = await prepareCut(made.stored(), 10, { trustedKeyIds: made.trustedKeyIds })
    made.cutAt(state, announce)
    made.append()
    return { made, leaves }
  }

  it('passes from there on', async () => {
    const { made, leaves } = await cut(true)
    const report = await verifyZip(zipOf(await makePackage(made, signing, { leaves })), optionsOf(signing))
    expect(faultsOf(report)).toEqual([])
    expect(report.checks.find(({ check }) => check === 'completeness')?.facts).toMatchObject({
      from: 10,
      beginning: 10,
    })
  })

  it('refuses a cut that nothing announces, and one of another state', async () => {
    const silent = await cut(false)
    const unannounced = await makePackage(silent.made, signing, { leaves: silent.leaves })
    expect(faultsOf(await verifyZip(zipOf(unannounced), optionsOf(signing)))[0]).toBe('evidence FORMAT_FAILURE cut')
    const { made, leaves } = await cut(true)
    const chainFile = (file: ChainFile): ChainFile => ({ ...file, cut: null })
    const uncut = await makePackage(made, signing, { leaves, chainFile })
    expect(faultsOf(await verifyZip(zipOf(uncut), optionsOf(signing)))[0]).toBe('evidence FORMAT_FAILURE range')
  })
})

describe('when a signature of an entry is another', () => {
  /** The last one: the signature of any other is in the entry behind it. */
  const lines = (list: string[]): string[] =>
    list.map((line, place) => (place === list.length - 1 ? line.replace(/"s":"../, '"s":"AA') : line))

  it('is told in full, and not looked at in quick', async () => {
    const forged = zipOf(
      await makePackage(chain, signing, {
        lines,
        data: (data) => data.replace(/"signature":"..([^"]*)"\}\n$/, '"signature":"AA$1"}\n'),
      }),
    )
    expect(faultsOf(await verifyZip(forged, optionsOf(signing)))).toEqual(['entry-signatures SIG_CRYPTO_FAILURE'])
    expect((await verifyZip(forged, optionsOf(signing, { depth: 'quick' }))).indication).toBe('TOTAL-PASSED')
  })
})

describe('when somebody else signs', () => {
  const stranger = openSigning()

  it('finds no path to another authority', async () => {
    const report = await verifyZip(zip, optionsOf(await stranger))
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)[0]).toBe('manifest-signature NO_CERTIFICATE_CHAIN_FOUND untrusted')
  })

  it('refuses a signature over another manifest', async () => {
    const signature = await signDetached(signing, utf8('{}'), 'application/json')
    const members = new Map(whole).set(MANIFEST_SIGNATURE, signature)
    expect(faultsOf(await verifyZip(zipOf(members), optionsOf(signing)))).toEqual([
      'manifest-signature HASH_FAILURE digest-mismatch',
    ])
  })

  it('refuses whoever was not named, where one is', async () => {
    const report = await verifyZip(zip, optionsOf(signing, { signers: ['00'.repeat(32)] }))
    expect(faultsOf(report)[0]).toBe('manifest-signature SIG_CONSTRAINTS_FAILURE signer')
  })

  it('refuses what a person signed alone with a card of the same authority, until it is named', async () => {
    const key = testKey('ecdsa-sha256')
    const leaf = await certify(key, signing.root, { name: 'Anna Rossi', keyUsage: ['contentCommitment'] })
    const forged = zipOf(await makePackage(chain, { ...signing, key, leaf }))
    const report = await verifyZip(forged, optionsOf(signing))
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual([
      'manifest-signature SIG_CONSTRAINTS_FAILURE no-seal',
      'data-signature SIG_CONSTRAINTS_FAILURE no-seal',
    ])
    const named = { signers: [toHex(digest('sha256', leaf.der))] }
    expect((await verifyZip(forged, optionsOf(signing, named))).indication).toBe('TOTAL-PASSED')
  })

  it.each([['keyEncipherment'], ['digitalSignature']] as const)('refuses a key that is for %s', async (...keyUsage) => {
    const key = testKey('ecdsa-sha256')
    const leaf = await certify(key, signing.root, { ...SEAL_FIELDS, keyUsage })
    const report = await verifyZip(zipOf(await makePackage(chain, { ...signing, key, leaf })), optionsOf(signing))
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual([
      'manifest-signature SIG_CONSTRAINTS_FAILURE key-usage',
      'data-signature SIG_CONSTRAINTS_FAILURE key-usage',
    ])
  })

  it('refuses a data signature that stands over other data', async () => {
    const members = new Map(whole).set(
      'data/audit.jsonl.p7s',
      await signDetached(signing, utf8('x'), 'application/jsonl'),
    )
    const sealed = await seal(members, signing, manifestOf(whole))
    expect(faultsOf(await verifyZip(zipOf(sealed), optionsOf(signing)))).toEqual([
      'data-signature HASH_FAILURE digest-mismatch',
    ])
  })
})

describe('when certificates do not last', () => {
  it('is not told after the certificate ended', async () => {
    const report = await verifyZip(zip, optionsOf(signing, { now: days(100) }))
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)[0]).toMatch(/OUT_OF_BOUNDS_NO_POE|TRY_LATER/)
  })

  it('is not told without word of revocation', async () => {
    const bare = new Map([...whole].filter(([name]) => !name.startsWith('revocation/')))
    const sealed = zipOf(await seal(bare, signing, manifestOf(whole)))
    const report = await verifyZip(sealed, optionsOf(signing))
    expect(faultsOf(report)).toEqual([
      'manifest-signature TRY_LATER no-revocation-data',
      'data-signature TRY_LATER no-revocation-data',
    ])
    expect((await verifyZip(sealed, optionsOf(signing, { revocation: 'none' }))).indication).toBe('TOTAL-PASSED')
  })

  it('is refused where it was revoked and nothing proves that it is older', async () => {
    const list = await crlOf(signing.root, [{ serial: signing.leaf.serial, at: days(-1), reason: 'keyCompromise' }])
    const revoked = new Map(whole).set('revocation/root.crl', list.der)
    const report = await verifyZip(zipOf(await seal(revoked, signing, manifestOf(whole))), optionsOf(signing))
    expect(report.indication).not.toBe('TOTAL-PASSED')
    expect(faultsOf(report)[0]).toBe('manifest-signature REVOKED_NO_POE revoked')
  })
})

describe('when witnesses are asked for', () => {
  const [one, two] = [openWitness(), openWitness('station/station-2')]

  it('passes where one of them cosigned', async () => {
    const seen = zipOf(await makePackage(chain, signing, { witnesses: [one] }))
    const report = await verifyZip(seen, optionsOf(signing, { witnesses: [two.vkey, one.vkey] }))
    expect(report.indication).toBe('TOTAL-PASSED')
    expect(report.checks.find(({ check }) => check === 'cosignatures')?.facts['count']).toBe(1)
  })

  it('is not told where none did', async () => {
    const seen = zipOf(await makePackage(chain, signing, { witnesses: [one] }))
    const report = await verifyZip(seen, optionsOf(signing, { witnesses: [two.vkey] }))
    expect(report.indication).toBe('INDETERMINATE')
    expect(report.checks.find(({ check }) => check === 'cosignatures')?.code).toBe('missing')
  })
})

describe('when the chain is known', () => {
  it('refuses another origin', async () => {
    const { name } = chain.noteKey.key
    expect((await verifyZip(zip, optionsOf(signing, { origins: [name] }))).indication).toBe('TOTAL-PASSED')
    const report = await verifyZip(zip, optionsOf(signing, { origins: [other.noteKey.key.name] }))
    expect(report.indication).toBe('TOTAL-FAILED')
    expect(report.checks.find(({ check }) => check === 'checkpoint')?.code).toBe('origin')
  })
})

describe('when members are not those of the manifest', () => {
  const contents = [...whole]
  it.each([
    ['one is missing', contents.filter(([name]) => name !== 'names.json')],
    ['one is more', [...contents.slice(0, -2), ['revocation/z.crl', utf8('x')] as const, ...contents.slice(-2)]],
    ['two change places', swapMembers(contents)],
    [
      'one has the content of another',
      contents.map(([name, bytes]) => [name, name === 'READ-ME.html' ? utf8('x') : bytes] as const),
    ],
  ])('refuses where %s', async (_, list) => {
    expect((await verifyZip(zipOf(new Map(list)), optionsOf(signing))).indication).toBe('TOTAL-FAILED')
    const folder = await verifyPackage(folderOf(new Map(list)), optionsOf(signing))
    // A folder has no order of its own.
    expect(folder.indication).toBe(_ === 'two change places' ? 'TOTAL-PASSED' : 'TOTAL-FAILED')
  })

  it.each(['data/audit.json', 'data/audit.xsd', 'evidence/1.jsonl', 'chains/7.json'])(
    'refuses %s, which no check would look at',
    async (name) => {
      const more = await seal(new Map(whole).set(name, utf8('{}')), signing, manifestOf(whole))
      expect(faultsOf(await verifyZip(zipOf(more), optionsOf(signing)))).toEqual([
        `package FORMAT_FAILURE member: ${name}`,
      ])
    },
  )

  it('refuses a name that is none, or comes twice', async () => {
    const text = Buffer.from(zip).toString('latin1')
    for (const name of ['/READ-ME.htm', '../EAD-M.htm', 'data/audit.x']) {
      const renamed = Buffer.from(text.replaceAll('READ-ME.html', name.padEnd(12, 'l').slice(0, 12)), 'latin1')
      await expect(openZipPackage(readerOf(new Uint8Array(renamed)))).rejects.toThrow()
    }
  })

  it('refuses another time than that of the manifest', async () => {
    const report = await verifyZip(zipOf(whole, AT.getTime() + 86_400_000), optionsOf(signing))
    expect(faultsOf(report)).toEqual(['package FORMAT_FAILURE time'])
  })
})

function swapMembers(contents: readonly (readonly [string, Uint8Array])[]) {
  const made = [...contents]
  const [first, second] = [made[1], made[2]]
  if (first && second) made.splice(1, 2, second, first)
  return made
}

describe('when the data is read by others', () => {
  it('keeps formulas from spreadsheets', async () => {
    const csv = textOf(
      (await makePackage(chain, signing, { format: 'csv' })).get('data/audit.csv') ?? new Uint8Array(0),
    )
    expect(csv.split('\r\n')[1]).not.toMatch(/(^|,)[=+@-]/)
    expect(csv).toContain(`,"'+Head office, ""centre""",`)
  })
})
