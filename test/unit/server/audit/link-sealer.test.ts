import { generateKeyPairSync, verify } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LinkSealer } from '../../../../server/audit/link-sealer.ts'
import type { SealTask } from '../../../../server/audit/link-sealer.ts'
import { entrySigningBytes } from '../../../../shared/audit/link.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const half = { head: '{"previous":"', tail: '"}' }
const task = (length = 16): SealTask => ({
  halves: Array.from({ length }, () => half),
  previous: new Uint8Array(64),
  key: privateKey,
})

const started: Worker[] = []
const newWorker = (): Worker => {
  const worker = new Worker(new URL('../../../../server/audit/link-sealer-worker.ts', import.meta.url))
  started.push(worker)
  return worker
}

let sealer: LinkSealer
beforeEach(() => {
  started.length = 0
  sealer = new LinkSealer(newWorker)
})
afterEach(async () => {
  await sealer.close()
  await Promise.all(started.map((worker) => worker.terminate()))
})

/** Has the sealer start its thread, and waits until that is ready. */
const startThread = async (): Promise<Worker> => {
  await sealer.seal(task())
  const worker = started.at(-1)
  if (!worker) throw new Error('no thread')
  await once(worker, 'message')
  return worker
}

describe('when entries are signed in a thread', () => {
  it('gives them in order, to each who asked', async () => {
    await startThread()
    const rounds = Array.from({ length: 20 }, (_, round) => 8 + round)
    const sealed = await Promise.all(rounds.map((length) => sealer.seal(task(length))))
    expect(sealed.map((links) => links.length)).toEqual(rounds)
    for (const { bytes, signature } of sealed.flat())
      expect(verify(null, entrySigningBytes(bytes), publicKey, signature)).toBe(true)
  })

  it('rejects what a thread was asked that died, and starts another', async () => {
    const worker = await startThread()
    const asked = sealer.seal(task())
    worker.emit('error', new Error('planned'))
    await expect(asked).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE', detail: { reason: 'thread' } })
    expect(await sealer.seal(task())).toHaveLength(16)
    expect(started).toHaveLength(2)
  })

  it('takes nothing from the next thread when the last one ends late', async () => {
    const first = await startThread()
    first.emit('error', new Error('planned'))
    await startThread()
    const asked = sealer.seal(task(2000))
    first.emit('exit', 1)
    expect(await asked).toHaveLength(2000)
    await sealer.seal(task())
    expect(started).toHaveLength(2)
  })
})
