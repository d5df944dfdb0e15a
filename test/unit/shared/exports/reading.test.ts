import { describe, expect, it } from 'vitest'
import {
  encodeManifest,
  sentenceOf,
  verifyPackage,
  type PackageMember,
  type PackageReader,
} from '../../../../shared/exports/index.ts'
import {
  faultsOf,
  folderOf,
  makePackage,
  manifestOf,
  openChain,
  openSigning,
  openWitness,
  optionsOf,
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
