import { describe, expect, it } from 'vitest'
import { sentenceOf } from '../../../../shared/exports/report-text.ts'
import { CHAIN } from '../audit/memory-chain.ts'
import {
  AT,
  faultsOf,
  makePackage,
  manifestOf,
  openChain,
  openSigning,
  openWitness,
  optionsOf,
  seal,
  signDetached,
  verifyZip,
  zipOf,
  type PackageOrder,
} from './kit.ts'
import type { Manifest, VerifyOptions } from '../../../../shared/exports/index.ts'

const signing = await openSigning()
const chain = openChain()
const isCard = (row: { readonly objectId: string }): boolean => row.objectId === 'card-1'
const kindOf = (row: { readonly objectId: string }) => (isCard(row) ? ('disclosed' as const) : ('header' as const))
const verdictOf = async (order: PackageOrder, options: Partial<VerifyOptions> = {}) =>
  verifyZip(zipOf(await makePackage(chain, signing, order)), optionsOf(signing, options))

/** A package of the same server with no chain in it, signed as any other. */
const empty = async (completeness: Manifest['completeness']) => {
  const members = await makePackage(chain, signing, { completeness: 'inclusion', kindOf: () => null })
  members.delete('evidence/0.jsonl')
  members.delete('chains/0.json')
  members.set('data/audit.jsonl.p7s', await signDetached(signing, new Uint8Array(0), 'application/jsonl'))
  return zipOf(
    await seal(members, signing, { ...manifestOf(members), completeness, counts: { entries: 0, chains: [] } }),
  )
}

describe('when there is no chain in a package', () => {
  it.each(['whole', 'range', 'headers'] as const)('proves no %s', async (completeness) => {
    const report = await verifyZip(await empty(completeness), optionsOf(signing))
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual(['completeness GENERIC'])
  })

  it('passes as inclusion, which says that nothing is proved', async () => {
    const report = await verifyZip(await empty('inclusion'), optionsOf(signing))
    expect(report.indication).toBe('TOTAL-PASSED')
    const check = report.checks.find(({ check }) => check === 'completeness')
    expect(check && sentenceOf(check, 'en')).toContain('nothing is proved')
  })

  it('has neither the origin nor the witness that was asked for', async () => {
    const options = optionsOf(signing, { origins: ['x/audit/y'], witnesses: [openWitness().vkey] })
    const report = await verifyZip(await empty('inclusion'), options)
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual(['checkpoint SIG_CONSTRAINTS_FAILURE', 'cosignatures SIG_CONSTRAINTS_FAILURE'])
  })
})

it('misses an origin that was asked for beside the one that is there', async () => {
  const report = await verdictOf({}, { origins: [chain.noteKey.key.name, 'x/audit/y'] })
  expect(report.indication).toBe('INDETERMINATE')
  expect(faultsOf(report)).toEqual(['checkpoint SIG_CONSTRAINTS_FAILURE'])
})

const filtered = (filter: object): PackageOrder['claims'] => ({ search: { evaluated: true, filter } })
const searched = (search: object, filter: object): PackageOrder['claims'] => ({
  selection: { kind: 'search', search },
  ...filtered(filter),
})
const object = { kind: 'object', objectType: 'card', objectId: 'card-1' } as const
const card = { objectType: ['card'], objectId: 'card-1' }
const at = AT.getTime()

describe('when the filter is not what was selected', () => {
  it.each<[string, PackageOrder['claims']]>([
    ['an object of which nothing is looked for', { selection: object, ...filtered({ objectType: ['nothing'] }) }],
    ['an object in a span', { selection: object, ...filtered({ ...card, from: 5 }) }],
    ['an object and an action', { selection: object, ...filtered({ ...card, action: ['Deletion'] }) }],
    ['another object', { selection: object, ...filtered({ ...card, objectId: 'card-2' }) }],
    ['another chain', { selection: { kind: 'chain', chain: CHAIN }, ...filtered({ chain: ['else'] }) }],
    ['no chain', { selection: { kind: 'chain', chain: CHAIN }, ...filtered({}) }],
    [
      'a chain and a station',
      { selection: { kind: 'chain', chain: CHAIN }, ...filtered({ chain: [CHAIN], station: ['s'] }) },
    ],
    ['an object that nobody can evaluate', { selection: object, search: { evaluated: false, filter: null } }],
    ['a later start', searched({ from: 5 }, { from: 6 })],
    ['an earlier end than the order', searched({ to: 5 }, { to: 4, objectId: 'x' })],
    ['an end after the package', searched({}, { to: at + 1 })],
    ['a last day that is shorter', searched({ last: '24h' }, { from: at - 3_600_000 })],
    ['an action more', searched({ action: ['Deletion'] }, { action: ['Deletion', 'Insertion'] })],
    ['an operator nobody asked for', searched({}, { operator: ['operator-1'] })],
    ['no operator', searched({ operator: ['Anna'] }, {})],
    ['another tenant', searched({ tenant: ['tenant-1'] }, { tenant: ['tenant-2'] })],
    ['words', searched({ text: 'Anna' }, {})],
  ])('fails with %s', async (_, claims) => {
    const report = await verdictOf({ completeness: 'inclusion', ...(claims ? { claims } : {}) })
    expect(report.indication).toBe('TOTAL-FAILED')
    expect(report.checks.filter(({ code }) => code === 'differs').map(({ check }) => check)).toContain('completeness')
  })

  it.each<[string, PackageOrder['claims']]>([
    ['an object', { selection: object, ...filtered(card) }],
    ['an object in reach', { selection: object, ...filtered({ ...card, tenant: ['tenant-1'] }) }],
    ['the order as the end', searched({ objectId: 'card-1' }, { objectId: 'card-1', to: at })],
    ['the last day', searched({ last: '24h' }, { from: at - 90_000_000, to: at })],
    ['names that became ids', searched({ operator: ['Anna'] }, { operator: ['operator-1'] })],
  ])('takes %s', async (_, claims) => {
    const report = await verdictOf({ completeness: 'inclusion', ...(claims ? { claims } : {}), kindOf: () => null })
    expect(report.checks.filter(({ check }) => check === 'completeness').map(({ code }) => code)).toEqual(['inclusion'])
  })

  it('fails where all lines are headers because nothing fits what was not ordered', async () => {
    const claims = { selection: object, ...filtered({ objectType: ['nothing-at-all'] }) }
    const report = await verdictOf({ completeness: 'headers', claims, kindOf: () => 'header' })
    expect(report.indication).toBe('TOTAL-FAILED')
  })
})

describe('when entries are left out by headers', () => {
  const claims = { selection: object, ...filtered(card) }

  it('says what was ordered and what was evaluated', async () => {
    const report = await verdictOf({ completeness: 'headers', claims, kindOf })
    expect(report.indication).toBe('TOTAL-PASSED')
    const check = report.checks.find(({ check }) => check === 'completeness')
    expect(check?.facts).toMatchObject({
      selection: 'object: objectType "card", objectId "card-1"',
      filter: 'objectType "card", objectId "card-1"',
    })
    expect(check && sentenceOf(check, 'en')).toContain('objectId "card-1"')
  })

  it('does not tell where some are hidden', async () => {
    const hiding = (row: Parameters<typeof kindOf>[0] & { readonly sequence: number }) =>
      !isCard(row) && row.sequence % 2 ? 'hidden' : kindOf(row)
    const report = await verdictOf({ completeness: 'headers', claims, kindOf: hiding })
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual(['completeness GENERIC'])
    expect(report.checks.find(({ check }) => check === 'completeness')?.code).toBe('unjudged')
  })

  it('proves nothing of a chain that was named and is not there', async () => {
    const elsewhere = searched({ chain: ['elsewhere'] }, { chain: ['elsewhere'] })
    const report = await verdictOf({
      completeness: 'headers',
      ...(elsewhere ? { claims: elsewhere } : {}),
      kindOf: () => 'header',
    })
    expect(report.indication).toBe('INDETERMINATE')
  })
})
