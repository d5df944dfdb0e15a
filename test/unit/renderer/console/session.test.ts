import { describe, expect, it } from 'vitest'
import { sessionSeesAll } from '../../../../renderer/console/stores/session-store.ts'
import type { SessionView } from '../../../../shared/contract/index.ts'

type Grant = SessionView['grants'][number]
const everywhere = { kind: 'everything' } as const
const office: Grant['scope'] = { kind: 'office', id: 'office_00000001', name: 'Milano Centro' }
const sees = (...grants: Grant[]) => sessionSeesAll({ grants } as SessionView, 'audit.verify')

describe('when someone may verify', () => {
  it.each<[string, Grant[], boolean]>([
    ['an auditor of everything', [{ role: 'AO', scope: everywhere }], true],
    ['an auditor of an office', [{ role: 'AO', scope: office }], false],
    [
      'an auditor of an office who administers everything',
      [
        { role: 'AO', scope: office },
        { role: 'SA', scope: everywhere },
      ],
      false,
    ],
    ['nobody', [], false],
  ])('%s sees whole chains', (_who, grants, all) => {
    expect(sees(...grants)).toBe(all)
  })
})
