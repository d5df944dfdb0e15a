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
  run: layOut(entriesOf(length), PREVIOUS.length),
  key: privateKey,
  after: { signature: PREVIOUS, tree: EMPTY },
})
const following = (length = 16): SealTask => ({
  run: layOut(entriesOf(length), SIGNATURE_BYTES),
  key: privateKey,
  after: null,
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

  it('signs what follows over what is still being signed', async () => {
    await startThread()
    const tasks = [task(9), following(8), following(20)]
    const asked = tasks.map((one) => sealer.seal(one))
    const sealed = await Promise.all(asked)
    let previous: Uint8Array = PREVIOUS
    const leaves = new MerkleFrontier()
    for (const { run, signatures, tree } of sealed) {
      for (const [place, { halves }] of entriesOf(lengthOf({ run, signatures, tree })).entries()) {
        const payload = payloadIn(run, placesOf(run, place))
        const bytes = joinHalves(halves, payloadDigest(payload.salt, payload.bytes), previous)
        expect(Buffer.from(entryIn(run, placesOf(run, place)))).toEqual(Buffer.from(bytes))
        previous = signatures.subarray(place * SIGNATURE_BYTES, (place + 1) * SIGNATURE_BYTES)
        expect(verify(null, entrySigningBytes(bytes), publicKey, previous)).toBe(true)
        leaves.append(leafHash(bytes))
      }
      expect(tree).toEqual({ size: leaves.size, edge: leaves.toBytes() })
    }
    expect(sealed.map(lengthOf)).toEqual([9, 8, 20])
  })

  it('can be followed while the thread is at that very run, by no few', async () => {
    await startThread()
    const [first, second] = [task(), task()]
    const asked = [sealer.seal(first)]
    expect(sealer.follows(first.run, 16)).toBe(true)
    expect(sealer.follows(first.run, 7)).toBe(false)
    asked.push(sealer.seal(second))
    expect(sealer.follows(first.run, 16)).toBe(false)
    expect(sealer.follows(second.run, 16)).toBe(true)
    await Promise.all(asked)
    expect(sealer.follows(second.run, 16)).toBe(false)
  })

  it('refuses to follow where there is no thread, or nothing was asked of it', async () => {
    await expect(sealer.seal(following())).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE' })
    await startThread()
    await expect(sealer.seal(following())).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE' })
  })

  it('answers who comes after a task that could not be sent', async () => {
    await startThread()
    const sent = task()
    const first = sealer.seal(sent)
    await expect(sealer.seal(sent)).rejects.toThrow()
    expect(lengthOf(await sealer.seal(task(12)))).toBe(12)
    expect(lengthOf(await first)).toBe(16)
  })

  it('fails with what it follows', async () => {
    const worker = await startThread()
    const asked = [sealer.seal(task()), sealer.seal(following())]
    worker.emit('error', new Error('planned'))
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE' })
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
