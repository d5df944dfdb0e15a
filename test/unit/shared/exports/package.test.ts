import { describe, expect, it } from 'vitest'
import { faultsOf, folderOf, makePackage, openChain, openSigning, optionsOf, verifyZip, zipOf } from './kit.ts'
import { verifyPackage } from '../../../../shared/exports/index.ts'

const signing = await openSigning()

describe('when a package is as it was made', () => {
  it.each([
    ['jsonl', {}],
    ['json', {}],
    ['csv', {}],
    ['xml', {}],
    ['xml', { enveloped: true }],
  ] as const)('passes as %s %j', async (format, more) => {
    const members = await makePackage(openChain(), signing, { format, ...more })
    const report = await verifyZip(zipOf(members), optionsOf(signing))
    expect(faultsOf(report)).toEqual([])
    expect(report.indication).toBe('TOTAL-PASSED')
    expect((await verifyPackage(folderOf(members), optionsOf(signing))).indication).toBe('TOTAL-PASSED')
  })
})
