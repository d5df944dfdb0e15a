import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { CheckpointKeys } from '../../../server/audit/checkpoint-key.ts'
import { CHECKPOINT_FAULTS } from '../../../server/audit/checkpoint-ports.ts'
import { Checkpoints } from '../../../server/audit/checkpoints.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import { listNoteKeys, readEntryBytes } from '../../../server/db/repositories/audit-checkpoints.ts'
import { initSoftwareStore, openSoftwareKeyStore } from '../../../server/hsm/software/key-store.ts'
import { createSignatureVerifier, keyIdOf } from '../../../shared/audit/crypto.ts'
import { leafHash, rangeHashOf } from '../../../shared/audit/merkle.ts'
import { verifyCheckpointNote } from '../../../shared/audit/note-key-statement.ts'
import { CHAIN, newConfig, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'

const verify = createSignatureVerifier()
let folder = ''
const config = () => newConfig(folder)
const store = () => ({ folder: join(folder, 'keys'), passphraseFile: join(folder, 'passphrase') })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-checkpoints-'))
  await initSoftwareStore(store())
  const keys = await openSoftwareKeyStore({ kind: 'software', ...store() })
  const signer = await keys.generate('audit.chain', 'ecdsa-p256')
  await createOperationalDatabase(config().operational)
  await createAuditDatabase(config().audit)
  const databases = await openDatabases(config())
  await createChain(databases.audit, { chain: CHAIN, signer })
  await databases.close()
  await keys.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the writer until it kills itself at `point`, or is killed after so many checkpoints; those it told of. */
const runUntilKilled = (point: string, after: number, told: number): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'checkpoint-writer.ts')
    const child = spawn(process.execPath, [script, folder, point, String(after)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, errors] = ['', '']
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
      if (told > 0 && out.split('\n').length > told) child.kill('SIGKILL')
    })
    child.stderr.on('data', (part: Buffer) => {
      errors += part.toString()
    })
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${errors}`))
      else resolve(out.split('\n').slice(0, -1).map(Number))
    })
  })

/** After a restart: every checkpoint told of is there, every note is of the real past, and the next one is made. */
const expectSound = async (told: readonly number[]): Promise<void> => {
  const databases = await openDatabases(config())
  const keys = await openSoftwareKeyStore({ kind: 'software', ...store() })
  const signer = await keys.signer('audit.chain')
  const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer })
  const problems: string[] = []
  const log = {
    info: () => undefined,
    error: (_: object, text: string) => void problems.push(text),
    fatal: (_: object, text: string) => void problems.push(text),
  }
  try {
    await sequencer.start()
    const noteKeys = new CheckpointKeys({ ...databases, sequencer, chain: CHAIN, signer, keys })
    const openKey = () => noteKeys.open()
    const made = await new Checkpoints({ audit: databases.audit, sequencer, chain: CHAIN, openKey, log }).make()
    const { db } = databases.audit
    const leaves = (await readEntryBytes(db, CHAIN, 0, Number.MAX_SAFE_INTEGER)).map(leafHash)
    expect(made.size).toBe(leaves.length)
    const statements = await listNoteKeys(db, CHAIN)
    const hsm = [{ keyId: keyIdOf(signer.publicKeySpki()), spki: signer.publicKeySpki() }]
    const rows = await db.selectFrom('checkpoint').selectAll().orderBy('size').execute()
    for (const row of rows) {
      const { checkpoint } = verifyCheckpointNote(row.note, statements, hsm, verify)
      expect(checkpoint.size).toBe(row.size)
      expect(checkpoint.root).toEqual(rangeHashOf(leaves)(0, row.size))
    }
    expect(rows.map((row) => row.size)).toEqual(expect.arrayContaining([...told]))
    expect(problems).toEqual([])
    expect(await verifyDatabase(databases, signer, 'quick')).toMatchObject({ ok: true })
  } finally {
    await sequencer.close()
    await databases.close()
    await keys.close()
  }
}

const KILLS: readonly (readonly [string, number, number])[] = [
  ...CHECKPOINT_FAULTS.map((point) => [point, 0, 0] as const),
  ['after-tree', 6, 0],
  ['before-checkpoint', 3, 0],
  ['after-checkpoint', 5, 0],
  ['under load', 0, 1],
  ['under load', 0, 7],
]

describe('when the process is killed (SIGKILL) while it makes checkpoints', () => {
  it.each(KILLS)(
    '%s (after %i, told %i): every stored note is of the chain’s real past',
    async (point, after, told) => {
      await expectSound(await runUntilKilled(point, after, told))
    },
  )
})
