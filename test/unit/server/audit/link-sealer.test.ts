import { generateKeyPairSync, verify } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  SIGNATURE_BYTES,
  entryIn,
  joinHalves,
  layOut,
  payloadIn,
  placesOf,
} from '../../../../server/audit/entry-run.ts'
import { LinkSealer } from '../../../../server/audit/link-sealer.ts'
import type { Sealed, SealTask } from '../../../../server/audit/link-sealer.ts'
import { entrySigningBytes } from '../../../../shared/audit/link.ts'
import { MerkleFrontier, leafHash } from '../../../../shared/audit/merkle.ts'
import { SALT_BYTES, payloadDigest } from '../../../../shared/audit/payload.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const entriesOf = (length: number) =>
  Array.from({ length }, (_, place) => ({
    halves: { head: `{"name":"Łucja ${place} 😀","payload":"`, tail: `","sequence":${place}}` },
    payload: `{"name":"Žofie ${'ě'.repeat(place)} 😀"}`,
  }))
const EMPTY = { size: 0, edge: new Uint8Array(0) }
// As of a key of the key store, whose signatures are of any length.
const PREVIOUS = new Uint8Array(71).fill(7)
const task = (length = 16): SealTask => ({
  run: layOut(entriesOf(length), PREVIOUS),
  previous: PREVIOUS,
  key: privateKey,
  tree: EMPTY,
})
const lengthOf = ({ signatures }: Sealed): number => signatures.length / SIGNATURE_BYTES

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
  it('gives them in order, each with its payload, to each who asked', async () => {
    await startThread()
    const rounds = Array.from({ length: 20 }, (_, round) => 8 + round)
    const sealed = await Promise.all(rounds.map((length) => sealer.seal(task(length))))
    expect(sealed.map(lengthOf)).toEqual(rounds)
    for (const { run, signatures, tree } of sealed) {
      const leaves = new MerkleFrontier()
      let previous: Uint8Array = PREVIOUS
      const salts = new Set<string>()
      for (const [place, { halves, payload: text }] of entriesOf(lengthOf({ run, signatures, tree })).entries()) {
        const places = placesOf(run, place)
        const payload = payloadIn(run, places)
        expect(Buffer.from(payload.bytes).toString()).toBe(text)
        expect(payload.salt).toHaveLength(SALT_BYTES)
        salts.add(Buffer.from(payload.salt).toString('hex'))
        const bytes = joinHalves(halves, payloadDigest(payload.salt, payload.bytes), previous)
        expect(Buffer.from(entryIn(run, places))).toEqual(Buffer.from(bytes))
        previous = signatures.subarray(place * SIGNATURE_BYTES, (place + 1) * SIGNATURE_BYTES)
        expect(verify(null, entrySigningBytes(bytes), publicKey, previous)).toBe(true)
        leaves.append(leafHash(bytes))
      }
      expect(tree).toEqual({ size: leaves.size, edge: leaves.toBytes() })
      expect(salts.size).toBe(leaves.size)
    }
  })

  it('rejects what a thread was asked that died, and starts another', async () => {
    const worker = await startThread()
    const asked = sealer.seal(task())
    worker.emit('error', new Error('planned'))
    await expect(asked).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE', detail: { reason: 'thread' } })
    expect(lengthOf(await sealer.seal(task()))).toBe(16)
    expect(started).toHaveLength(2)
  })

  it('takes nothing from the next thread when the last one ends late', async () => {
    const first = await startThread()
    first.emit('error', new Error('planned'))
    await startThread()
    const asked = sealer.seal(task(2000))
    first.emit('exit', 1)
    expect(lengthOf(await asked)).toBe(2000)
    await sealer.seal(task())
    expect(started).toHaveLength(2)
  })
})
