import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proveExtends, readShown, WitnessRefusal } from '../../../main/services/witness-verify.ts'
import { makeLog } from '../../../server/log/log.ts'
import type { CommandValues } from '../../../server/shell/command.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { createSignatureVerifier } from '../../../shared/audit/crypto.ts'
import { parseNoteKeyStatement } from '../../../shared/audit/note-key-statement.ts'
import type { CheckpointView } from '../../../shared/contract/routes/audit-witness.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

const verify = createSignatureVerifier()
const log = makeLog('silent')
let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const shell = async (words: string, values: CommandValues = {}): Promise<Record<string, unknown>> =>
  (await runCommand(server.config, words.split(' '), values, log)).value as Record<string, unknown>

/** What a desk is shown after something more was written, as it verifies it against what it keeps. */
const look = async (kept: CheckpointView | null): Promise<CheckpointView> => {
  const anna = await server.signIn('anna')
  await anna.call('createHolder', { body: HOLDER })
  const { items } = await anna.call('listCheckpoints', {})
  const [view] = items
  if (!view) throw new Error('no checkpoint')
  const shown = readShown(view, kept?.origin ?? null, verify)
  if (kept) {
    await proveExtends(readShown(kept, kept.origin, verify), shown, async (from, to) => {
      const asked = await anna.call('proveConsistency', { params: { chain: view.chain }, query: { from, to } })
      return asked.hashes
    })
  }
  return view
}
const endorserOf = (view: CheckpointView): string | undefined =>
  view.binding.noteKeys
    .map(({ statement }) => parseNoteKeyStatement(Uint8Array.from(Buffer.from(statement, 'base64url'))))
    .find(({ vkey }) => vkey === view.vkey)?.endorsedBy

describe('a desk that kept a checkpoint', () => {
  it('follows over a new chain key and a new note key, from the origin it pinned alone', async () => {
    await server.whileStopped(async () => void (await shell('audit checkpoint')))
    const first = await look(null)

    // The note key stays; the key that vouched for it is the first of the chain's.
    let rolled: Record<string, unknown> = {}
    await server.whileStopped(async () => {
      rolled = await shell('audit key rollover')
      await shell('audit checkpoint')
    })
    const second = await look(first)
    expect(second.size).toBeGreaterThan(first.size)
    expect(second.vkey).toBe(first.vkey)
    expect(endorserOf(second)).toBe(rolled['from'])

    // A new one is bound by the key in force.
    let rotated: Record<string, unknown> = {}
    await server.whileStopped(async () => {
      rotated = await shell('audit checkpoint rotate')
      await shell('audit checkpoint')
      for (const depth of ['quick', 'full']) expect((await shell('audit verify', { depth }))['state']).toBe('passed')
    })
    const third = await look(second)
    expect(third.size).toBeGreaterThan(second.size)
    expect(third.vkey).toBe(rotated['vkey'])
    expect(third.vkey).not.toBe(first.vkey)
    expect(third.origin).toBe(first.origin)
    expect(endorserOf(third)).toBe(rolled['to'])

    // Without the roll-over's proof nobody vouches for the new one.
    const hsmKeys = third.binding.hsmKeys.slice(0, 1)
    const unproved = { ...third, binding: { ...third.binding, hsmKeys } }
    expect(() => readShown(unproved, first.origin, verify)).toThrow(WitnessRefusal)
  })
})
