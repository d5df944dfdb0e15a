import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { verifySignature } from '../../../../shared/pki/index.ts'
import { initSoftHsmToken, type Signer } from '../../../../server/hsm/index.ts'
import { openPkcs11KeyStore } from '../../../../server/hsm/open.ts'
import type { ProcessTrouble } from '../../../../server/hsm/process/token-process.ts'
import type { Pkcs11KeyStore } from '../../../../server/hsm/process/key-store.ts'
import { failureOf, temporaryFolder } from './folders.ts'
import { libraryPath, tokensIn } from './softhsm-token.ts'

const root = await temporaryFolder()
afterAll(() => root.remove())
const { token, configOf } = tokensIn(root.path)
const data = Uint8Array.of(1, 2, 3)

describe.skipIf(libraryPath === '')('when the process that holds the module', () => {
  const opened: Pkcs11KeyStore[] = []
  const troubles: string[] = []
  const open = async (
    options: { timeoutMs?: number; label?: string; sessions?: number } = {},
  ): Promise<Pkcs11KeyStore> => {
    const config = configOf(options.label ?? 'main')
    const onTrouble = ({ reason }: ProcessTrouble): void => void troubles.push(reason)
    const { timeoutMs = 10_000, sessions = 4 } = options
    const store = await openPkcs11KeyStore({ ...config, timeoutMs, sessions }, { onTrouble })
    opened.push(store)
    return store
  }
  const proved = async (signer: Signer): Promise<void> =>
    verifySignature({
      algorithm: 'ecdsa-sha256',
      spki: signer.publicKeySpki(),
      data,
      signature: await signer.sign(data),
    })
  const send = (store: Pkcs11KeyStore, signal: NodeJS.Signals): void => {
    if (store.pid === undefined) throw new Error('there is no process')
    process.kill(store.pid, signal)
  }

  beforeAll(async () => {
    await initSoftHsmToken(token('main'))
    const store = await openPkcs11KeyStore(configOf('main'))
    await store.generate('key', 'ecdsa-p256')
    await store.generate('slow', 'rsa-4096')
    await store.close()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    troubles.length = 0
  })

  it('is killed: another takes over, logs in, and what was asked is answered', async () => {
    const store = await open()
    const signer = await store.signer('key')
    const before = store.pid
    for (let round = 0; round < 2; round++) {
      const asked = Array.from({ length: 64 }, () => proved(signer))
      send(store, 'SIGKILL')
      await Promise.all(asked)
    }
    expect(store.pid).not.toBe(before)
    expect(await store.check()).toEqual({ ok: true })
    expect(troubles).toEqual(['crashed', 'crashed'])
  })

  it('is killed while it makes a key: that is not asked again', async () => {
    const store = await open()
    const making = failureOf(store.generate('half-made', 'rsa-4096'))
    await store.random(8)
    send(store, 'SIGKILL')
    expect(['crashed', 'ok']).toContain(await making)
    expect(await store.check()).toEqual({ ok: true })
  })

  it('hangs: the call fails at its deadline, the next ones work in another process', async () => {
    const store = await open({ timeoutMs: 600 })
    const signer = await store.signer('key')
    const hanging = store.pid
    send(store, 'SIGSTOP')
    const told = await Promise.all([failureOf(signer.sign(data)), failureOf(store.random(8))])
    expect(told).toEqual(['timeout', 'timeout'])
    await proved(signer)
    expect(store.pid).not.toBe(hanging)
    expect(troubles).toEqual(['timeout'])
  })

  it('has more to do than it can before the deadline: nothing is late that only waits', async () => {
    const store = await open({ timeoutMs: 1500, sessions: 1 })
    const signer = await store.signer('slow')
    const made = await Promise.all(Array.from({ length: 250 }, () => signer.sign(data)))
    expect(made.every((signature) => signature.length === 512)).toBe(true)
  })

  it('loses its token: says so, and goes on when it is back', async () => {
    const store = await open()
    const signer = await store.signer('key')
    const away = join(root.path, 'away')
    await rename(token('main').tokenDir, away)
    try {
      expect(await failureOf(signer.sign(data))).toBe('token-missing')
      expect(troubles).toEqual(['token-missing'])
      expect(await failureOf(store.has('never-made'))).toMatch(/^(token-missing|device)$/)
      expect(await store.check()).toEqual({ ok: false, code: 'HSM_UNAVAILABLE' })
    } finally {
      await rename(away, token('main').tokenDir)
    }
    await expect.poll(() => failureOf(proved(signer)), { timeout: 10_000 }).toBe('ok')
  })

  it('was refused its PIN: no later process tries it again, until there is another', async () => {
    await initSoftHsmToken(token('guarded'))
    const { pinFile } = token('guarded')
    const right = await readFile(pinFile, 'utf8')
    const store = await open({ label: 'guarded' })
    await store.generate('key', 'ecdsa-p256')
    await writeFile(pinFile, '000000\n')
    send(store, 'SIGKILL')
    await expect.poll(() => failureOf(store.random(8)), { timeout: 10_000 }).toBe('pin-wrong')
    // A second try would be another login that fails: SoftHSM2 keeps no count, the process tells that it did not ask.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(await failureOf(store.random(8))).toBe('pin-wrong')
    await writeFile(pinFile, right)
    await expect.poll(() => failureOf(store.random(8)), { timeout: 10_000 }).toBe('ok')
  })

  it.skipIf(process.platform !== 'linux')('shows no PIN to whoever looks at processes', async () => {
    const store = await open()
    const pin = (await readFile(token('main').pinFile, 'utf8')).trim()
    for (const file of ['cmdline', 'environ']) {
      expect(await readFile(`/proc/${store.pid}/${file}`, 'utf8')).not.toContain(pin)
    }
  })

  it('outlives nobody: its server is killed', async () => {
    const { libraryPath, tokenDir, label, pinFile } = token('main')
    const program = join(import.meta.dirname, 'left-alone.ts')
    const child = spawn(process.execPath, [program, libraryPath, label, pinFile, tokenDir], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    const isThere = (): boolean => {
      try {
        process.kill(pid, 0)
        return true
      } catch {
        return false
      }
    }
    expect(isThere()).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(isThere, { timeout: 10_000 }).toBe(false)
  })

  it('is closed: it ends, and what was asked fails', async () => {
    const store = await open()
    const { pid } = store
    const signer = await store.signer('slow')
    const asked = Array.from({ length: 20 }, () => failureOf(signer.sign(data)))
    await store.close()
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, () => 'closed'))
    expect(await failureOf(signer.sign(data))).toBe('closed')
    expect(() => process.kill(pid ?? 0, 0)).toThrow(/ESRCH/)
    expect(troubles).toEqual([])
  })
})
