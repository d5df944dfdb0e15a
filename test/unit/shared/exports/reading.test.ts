import { describe, expect, it } from 'vitest'
import {
  encodeManifest,
  givenLines,
  sentenceOf,
  verifyBareSignature,
  verifyPackage,
  weakened,
  type ChainFile,
  type PackageMember,
  type PackageReader,
} from '../../../../shared/exports/index.ts'
import { digest, toHex } from '../../../../shared/pki/index.ts'
import {
  AT,
  faultsOf,
  folderOf,
  makePackage,
  manifestOf,
  openChain,
  openSigning,
  openWitness,
  optionsOf,
  readerOf,
  textOf,
  utf8,
  verifyZip,
  zipOf,
} from './kit.ts'

const signing = await openSigning()
const chain = openChain()
const whole = await makePackage(chain, signing)

/** `more` members beside those of a package, which nobody signed; reads of them are counted. */
const crowded = (more: readonly { readonly name: string; readonly bytes: number }[]) => {
  const manifest = manifestOf(whole)
  const listed = [...manifest.members, ...more.map((one) => ({ ...one, sha256: '0'.repeat(64) }))]
  const folder = folderOf(new Map(whole).set('manifest.json', encodeManifest({ ...manifest, members: listed })))
  const asked: string[] = []
  const piece = new Uint8Array(1024 * 1024)
  const members: PackageMember[] = [...folder.members, ...more.map((one) => ({ ...one, crc32: null }))]
  const reader: PackageReader = {
    ...folder,
    members,
    read: (name, offset, length) => {
      if (!name.endsWith('.ocsp')) return folder.read(name, offset, length)
      asked.push(name)
      return Promise.resolve(piece.subarray(0, length))
    },
  }
  return { reader, asked }
}

describe('when more revocation data lies beside than anybody needs', () => {
  it.each([
    ['many', 64, 1],
    ['large', 3, 16 * 1024 * 1024],
  ])('holds none of it: %s', async (_, count, bytes) => {
    const more = Array.from({ length: count }, (_, place) => ({
      name: `revocation/z${String(place).padStart(3, '0')}.ocsp`,
      bytes,
    }))
    const { reader } = crowded(more)
    const report = await verifyPackage(reader, optionsOf(signing))
    expect(report.indication).toBe('TOTAL-FAILED')
    expect(faultsOf(report)[0]).toBe('package FORMAT_FAILURE too-large')
  })
})

describe('when a folder changes while it is read', () => {
  it.each(['manifest.json', 'names.json', 'chains/0.json', 'manifest.json.p7s', 'data/audit.jsonl.p7s'])(
    'judges what it read once: %s',
    async (changing) => {
      const folder = folderOf(whole)
      let reads = 0
      const counting: PackageReader = {
        ...folder,
        read: (name, offset, length) => {
          if (name === changing) reads += 1
          return folder.read(name, offset, length)
        },
      }
      expect((await verifyPackage(counting, optionsOf(signing))).indication).toBe('TOTAL-PASSED')
      expect(reads).toBe(1)
    },
  )

  it('passes no manifest that is another the first time', async () => {
    const folder = folderOf(whole)
    const forged = utf8(textOf(whole.get('manifest.json') ?? new Uint8Array(0)).replace('by the court', 'by nobody...'))
    let reads = 0
    const reader: PackageReader = {
      ...folder,
      read: (name, offset, length) => {
        if (name !== 'manifest.json' || reads++ > 0) return folder.read(name, offset, length)
        return Promise.resolve(forged.slice(offset, offset + length))
      },
    }
    expect((await verifyPackage(reader, optionsOf(signing))).indication).toBe('TOTAL-FAILED')
  })
})

describe('when something rests on the word of the package', () => {
  it('says that nobody asked for the witnesses it names', async () => {
    const report = await verifyZip(
      zipOf(await makePackage(chain, signing, { witnesses: [openWitness()] })),
      optionsOf(signing),
    )
    const check = report.checks.find(({ check }) => check === 'cosignatures')
    expect(check).toMatchObject({ code: 'unjudged', decides: false })
    expect(check && sentenceOf(check, 'en')).toContain('by keys the package names')
  })

  it('says that the kind of the key is claimed', async () => {
    const report = await verifyZip(zipOf(whole), optionsOf(signing))
    const check = report.checks.find(({ check }) => check === 'manifest')
    expect(check && sentenceOf(check, 'en')).toContain('keys claimed to be: software')
  })

  it('counts erasures whose tombstone is not there', async () => {
    const erased = await makePackage(chain, signing, {
      completeness: 'inclusion',
      filter: {},
      kindOf: ({ sequence }) => (sequence < 6 ? 'disclosed' : null),
    })
    const report = await verifyZip(zipOf(erased), optionsOf(signing))
    const check = report.checks.find(({ check }) => check === 'evidence')
    expect(check && sentenceOf(check, 'en')).toContain('1 with erased data (1 erasures are not proved)')
  })
})

describe('when less was asked for than is usual', () => {
  const bare = { at: AT.toISOString(), revocation: 'require', depth: 'full', origins: [], witnesses: [] }

  it('says in the report what it was given', async () => {
    const report = await verifyZip(zipOf(whole), optionsOf(signing))
    expect(report.given).toMatchObject({ ...bare, signers: null, timeStampAnchors: null })
    const { der, subject } = signing.root.certificate
    expect(report.given?.anchors).toEqual([{ subject: subject.text, sha256: toHex(digest('sha256', der)) }])
    expect(weakened(report, 'en')).toEqual([])
    expect(givenLines(report, 'en').join('\n')).toContain(subject.text)
  })

  it.each([
    ['en', /^Revocation was not looked at/, /^Signatures of entries were not checked/],
    ['it', /^La revoca non/, /^Le firme delle voci non/],
  ] as const)('tells it in %s', async (language, ...sentences) => {
    const options = optionsOf(signing, { revocation: 'none', depth: 'quick', origins: [chain.noteKey.key.name] })
    const report = await verifyZip(zipOf(whole), options)
    const told = weakened(report, language)
    expect(told).toHaveLength(2)
    for (const [place, sentence] of sentences.entries()) expect(told[place]).toMatch(sentence)
    expect(report.given).toMatchObject({ revocation: 'none', depth: 'quick', origins: [chain.noteKey.key.name] })
  })

  it('says the same of a signature by itself', async () => {
    const signature = whole.get('manifest.json.p7s') ?? new Uint8Array(0)
    const content = readerOf(whole.get('manifest.json') ?? new Uint8Array(0))
    const trust = { ...optionsOf(signing), revocation: 'none' } as const
    const report = await verifyBareSignature({ signature, content, name: null }, trust)
    expect(report.given).toMatchObject({ ...bare, revocation: 'none', depth: null })
  })
})

describe('when a chain has more keys of the key store than there are roll-overs', () => {
  const keys =
    (count: number) =>
    (file: ChainFile): ChainFile => ({
      ...file,
      keys: [...file.keys, ...Array.from({ length: count }, () => file.keys.slice(0, 1)).flat()],
    })

  it('refuses them before it follows any', async () => {
    const report = await verifyZip(
      zipOf(await makePackage(chain, signing, { chainFile: keys(5000) })),
      optionsOf(signing),
    )
    expect(faultsOf(report)[0]).toBe('checkpoint FORMAT_FAILURE chain-keys')
  })

  it('takes them in any order', async () => {
    const chainFile = (file: ChainFile): ChainFile => ({ ...file, keys: file.keys.toReversed() })
    const report = await verifyZip(zipOf(await makePackage(chain, signing, { chainFile })), optionsOf(signing))
    expect(report.indication).toBe('TOTAL-PASSED')
  })
})
