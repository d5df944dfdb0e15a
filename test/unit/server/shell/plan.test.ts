import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import { parseConfig } from '../../../../server/config.ts'
import { takeLease } from '../../../../server/shell/lease.ts'
import { readPlan } from '../../../../server/shell/plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-plan-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const plan = {
  tenant: { name: 'T' },
  divisions: [{ key: 'd', name: 'D' }],
  offices: [{ key: 'o', name: 'O', division: 'd' }],
  stations: [],
  operators: [
    {
      key: 'a',
      name: 'A',
      grants: [{ role: 'RO', scope: { kind: 'office', key: 'o' } }],
      card: { serial: 'AA' },
      certificates: [],
    },
  ],
}
const pathOf = (value: unknown): unknown => {
  const file = join(folder, 'plan.json')
  writeFileSync(file, JSON.stringify(value))
  try {
    readPlan(file)
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.detail['path']
    throw error
  }
  return 'accepted'
}

describe('when a plan is read', () => {
  it.each([
    ['a whole one', {}, 'accepted'],
    ['an unknown member', { extra: 1 }, 'plan'],
    ['no office', { offices: [] }, 'plan.offices'],
    [
      'an unknown role',
      { operators: [{ ...plan.operators[0], grants: [{ role: 'KING', scope: { kind: 'everything' } }] }] },
      'plan.operators.0.grants.0.role',
    ],
    [
      'a card with no serial',
      { operators: [{ ...plan.operators[0], card: { serial: 'zz' } }] },
      'plan.operators.0.card.serial',
    ],
  ])('judges %s', (_name, changes, path) => {
    expect(pathOf({ ...plan, ...changes })).toBe(path)
  })
})

describe('when a chain has a writer', () => {
  const example = JSON.parse(
    readFileSync(new URL('../../../../resources/config/server.example.json', import.meta.url), 'utf8'),
  ) as unknown
  const config = parseConfig(example, folder)
  const file = join(folder, `data/audit.db.${config.name}.lease`)

  it('lets nobody else in until it is done', async () => {
    const lease = await takeLease(config)
    expect(readFileSync(file, 'utf8').split(' ')[0]).toBe(String(process.pid))
    writeFileSync(file, '1')
    await expect(takeLease(config)).rejects.toThrow('CONFIG_INVALID')
    writeFileSync(file, String(process.pid))
    lease.release()
    ;(await takeLease(config)).release()
  })

  it('takes over from a process that is gone', async () => {
    writeFileSync(file, '4194303')
    ;(await takeLease(config)).release()
  })
})
