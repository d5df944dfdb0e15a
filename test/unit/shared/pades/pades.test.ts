import { expect, it, describe } from 'vitest'
import { judge, levelsOf, makeWorld, packedPdf, plainPdf } from './kit.ts'

describe('smoke', () => {
  it.each(['plain', 'packed'])('levels %s', async (kind) => {
    const world = await makeWorld()
    const pdf = kind === 'plain' ? plainPdf() : await packedPdf()
    for (const [level, signed] of Object.entries(await levelsOf(world, pdf))) {
      ;(await import('node:fs')).writeFileSync(`/tmp/pades-${kind}-${level}.pdf`, signed)
      const verified = judge(world, signed)
      expect(verified.level).toBe(level === 'renewed' ? 'B-LTA' : level)
      console.log(level, signed.length, verified.signatures[0]?.addedAfter, verified.documentTimeStamps.length)
    }
  })
})
