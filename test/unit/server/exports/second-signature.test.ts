import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ExportRow } from '../../../../server/db/repositories/exports.ts'
import { memberOf } from '../../../../server/exports/folders.ts'
import { etagOf, keptMembers, layoutOf } from '../../../../server/exports/kept-members.ts'
import { streamPackage } from '../../../../server/exports/package-stream.ts'
import { promoteSignature, replaceSignature, settleSignature } from '../../../../server/exports/second-signature.ts'

const [OLD, NEW] = [Buffer.from('one signature'), Buffer.from('two signatures, longer')]
const MANIFEST = Buffer.from('{}')
let folder: string
let row: ExportRow

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-second-'))
  writeFileSync(join(folder, 'manifest.json'), MANIFEST)
  writeFileSync(join(folder, 'manifest.json.p7s'), OLD)
  const members = [memberOf('manifest.json', MANIFEST), memberOf('manifest.json.p7s', OLD)]
  row = { members: JSON.stringify({ at: 0, members }) } as ExportRow
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const made = () => Promise.resolve({ signature: NEW, signers: '[]', renewAt: null })
const read = (of: ExportRow) => () => Promise.resolve(of)
const as = (of: ExportRow) => ({ row: of, read: read(of) })
const lying = (): Buffer => readFileSync(join(folder, 'manifest.json.p7s'))
const isLeft = (): boolean => existsSync(join(folder, 'manifest.json.p7s.next'))

const whole = async (of: Pick<ExportRow, 'members'>, where = folder): Promise<Buffer> => {
  const kept = keptMembers(of)
  const layout = layoutOf(kept)
  const pieces: Uint8Array[] = []
  for await (const piece of streamPackage(where, kept, layout, { from: 0, to: layout.size })) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('when a signature takes the place of another', () => {
  it('is the last of the package, under another tag', async () => {
    const before = await whole(row)
    const changed = await replaceSignature(folder, as(row), made, (change) => Promise.resolve(change))
    expect(lying().equals(NEW)).toBe(true)
    expect(isLeft()).toBe(false)
    const after = { members: changed?.members ?? '' }
    const bytes = await whole(after)
    expect(bytes.length).toBe(changed?.bytes)
    expect(etagOf(keptMembers(after))).not.toBe(etagOf(keptMembers(row)))
    // Whoever resumes has the part before it already.
    const same = before.indexOf('manifest.json.p7s') - 30
    expect(bytes.subarray(0, same).equals(before.subarray(0, same))).toBe(true)
  })

  it('changes nothing where somebody else was first', async () => {
    expect(await replaceSignature(folder, as(row), made, () => Promise.resolve(null))).toBeNull()
    expect([lying().equals(OLD), isLeft()]).toEqual([true, false])
  })
})

describe('when a package is asked for meanwhile', () => {
  it('leaves alone what is being put in its place', async () => {
    const changed = await replaceSignature(folder, as(row), made, async (change) => {
      await settleSignature(folder, read(row))
      expect(isLeft()).toBe(true)
      return change
    })
    expect([changed === null, lying().equals(NEW), isLeft()]).toEqual([false, true, false])
  })

  it('replaces one after the other', async () => {
    const order: string[] = []
    const one = (name: string) =>
      replaceSignature(folder, as(row), made, async (change) => {
        order.push(`${name} begins`)
        await new Promise((resolve) => setTimeout(resolve, 5))
        order.push(`${name} ends`)
        return change
      })
    await Promise.all([one('a'), one('b')])
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })
})

describe('when the process dies in between', () => {
  const dead = new Error('killed')

  it('before the row says so, the old one stays', async () => {
    await expect(replaceSignature(folder, as(row), made, () => Promise.reject(dead))).rejects.toBe(dead)
    expect(isLeft()).toBe(true)
    await settleSignature(folder, read(row))
    expect([lying().equals(OLD), isLeft()]).toEqual([true, false])
  })

  it('after the row says so, the new one is put there', async () => {
    let members = ''
    const dies = replaceSignature(folder, as(row), made, (change) => {
      ;({ members } = change)
      return Promise.reject(dead)
    })
    await expect(dies).rejects.toBe(dead)
    await settleSignature(folder, read({ ...row, members }))
    expect([lying().equals(NEW), isLeft()]).toEqual([true, false])
    await settleSignature(folder, read({ ...row, members }))
    expect(lying().equals(NEW)).toBe(true)
  })

  it('the next replacement starts from what the row names, and loses none', async () => {
    let committed = row
    const lost = replaceSignature(folder, as(row), made, (change) => {
      committed = { ...row, ...change, version: 2 }
      return Promise.reject(dead)
    })
    await expect(lost).rejects.toBe(dead)
    const THIRD = Buffer.from('three signatures, longer still')
    const from: Uint8Array[] = []
    const third = async (signature: Uint8Array) => {
      from.push(signature)
      return Promise.resolve({ signature: THIRD, signers: '[]', renewAt: null })
    }
    const stale = { row, read: read(committed) }
    expect(await replaceSignature(folder, stale, third, (change) => Promise.resolve(change))).toBeNull()
    expect([from.length, isLeft()]).toEqual([0, true])
    await replaceSignature(folder, as(committed), third, (change) => Promise.resolve(change))
    expect(from.map((one) => NEW.equals(one))).toEqual([true])
    expect([lying().equals(THIRD), isLeft()]).toEqual([true, false])
  })

  it('another process takes only what the row names', async () => {
    writeFileSync(join(folder, 'manifest.json.p7s.next'), NEW)
    expect(await promoteSignature(folder, row)).toBe(false)
    expect([lying().equals(OLD), isLeft()]).toEqual([true, true])
    const members = [memberOf('manifest.json', MANIFEST), memberOf('manifest.json.p7s', NEW)]
    const named = { members: JSON.stringify({ at: 0, members }) }
    expect(await promoteSignature(folder, named)).toBe(true)
    expect([lying().equals(NEW), isLeft()]).toEqual([true, false])
    expect(await promoteSignature(folder, named)).toBe(false)
  })

  it('gives out no file that is not as long as the row says', async () => {
    writeFileSync(join(folder, 'manifest.json.p7s'), NEW)
    await expect(whole(row)).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' })
  })
})

describe('when the disk gives neither file nor absence', () => {
  // No path at all, which every file system refuses, and not with ENOENT.
  const refused = { code: 'ERR_INVALID_ARG_VALUE' }

  it('does not take that for a package without a signature left beside', async () => {
    await expect(settleSignature(`${folder}\0`, read(row))).rejects.toMatchObject(refused)
    mkdirSync(join(folder, 'manifest.json.p7s.next'))
    await expect(settleSignature(folder, read(row))).rejects.toMatchObject({ code: 'EISDIR' })
    expect(lying().equals(OLD)).toBe(true)
  })

  it('does not take that for a file that was removed', async () => {
    await expect(whole(row, `${folder}\0`)).rejects.toMatchObject(refused)
    rmSync(join(folder, 'manifest.json'))
    await expect(whole(row)).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' })
  })
})
