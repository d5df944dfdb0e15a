import { randomBytes } from 'node:crypto'
import { AppError } from '../../shared/contract/index.ts'
import { PkiError, verifySignature, type SignatureAlgorithm } from '../../shared/pki/index.ts'
import type { KeyEntry, KeyStore } from '../hsm/index.ts'
import { EXIT, type Command } from './command.ts'
import { recordKeyAct } from './keys-record.ts'
import { table } from './print.ts'

interface Tested {
  readonly what: string
  readonly algorithm: string
  readonly ok: boolean
  readonly ms: number
  /** A code, for what failed. */
  readonly error: string | null
}

/** Text that is no certificate, list, entry or checkpoint: what is signed here proves nothing about anything. */
const challenge = (): Uint8Array =>
  new TextEncoder().encode(`countersign/key-test/v1\n${randomBytes(16).toString('hex')}\n`)

const timed = async (what: string, algorithm: string, work: () => Promise<void>): Promise<Tested> => {
  const from = performance.now()
  const error = await work().then(
    () => null,
    (failed: unknown) => {
      if (failed instanceof PkiError) return failed.reason
      return failed instanceof AppError ? String(failed.detail['reason'] ?? failed.code) : 'INTERNAL'
    },
  )
  return { what, algorithm, ok: error === null, ms: Math.round((performance.now() - from) * 10) / 10, error }
}

const testSigner = async (keys: KeyStore, { label, algorithm: kind }: KeyEntry): Promise<readonly Tested[]> => {
  if (kind === 'other') return [{ what: label, algorithm: kind, ok: true, ms: 0, error: 'not used here' }]
  const opened = await keys.signer(label).catch((error: unknown) => error)
  if (opened === null || typeof opened !== 'object' || !('signatures' in opened))
    return [await timed(label, kind, () => Promise.reject(opened as Error))]
  const signer = opened as Awaited<ReturnType<KeyStore['signer']>>
  const spki = signer.publicKeySpki()
  const proved = (algorithm: SignatureAlgorithm) => async (): Promise<void> => {
    const data = challenge()
    verifySignature({ algorithm, spki, data, signature: await signer.sign(data, algorithm) })
  }
  const results: Tested[] = []
  for (const algorithm of signer.signatures) results.push(await timed(label, algorithm, proved(algorithm)))
  if (results.length === 0) results.push({ what: label, algorithm: kind, ok: false, ms: 0, error: 'no mechanism' })
  return results
}

const testWrapping = (keys: KeyStore, label: string): Promise<Tested> =>
  timed(label, 'aes-256 wrap', async () => {
    const dataKey = randomBytes(32)
    const opened = await keys.unwrap(label, await keys.wrap(label, dataKey))
    if (Buffer.compare(opened, dataKey) !== 0) throw new AppError('SEALED_INVALID', { reason: 'differs' })
  })

const OCTETS = 4096
/** Of 4096 octets each value comes 16 times: 255 degrees of freedom, beyond 360 once in a hundred thousand draws. */
const CHI_SQUARE_MAX = 360

/** Not a proof of randomness, which no test is: finds a generator that is stuck, or gives the same twice. */
const testRandom = (keys: KeyStore): Promise<Tested> =>
  timed('random numbers', 'generator', async () => {
    const [one, two] = [await keys.random(OCTETS), await keys.random(OCTETS)]
    if (Buffer.compare(one, two) === 0) throw new AppError('HSM_UNAVAILABLE', { reason: 'repeats' })
    const counts = new Uint32Array(256)
    for (const octet of one) counts[octet] = (counts[octet] ?? 0) + 1
    const expected = OCTETS / 256
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    if (chiSquare > CHI_SQUARE_MAX) throw new AppError('HSM_UNAVAILABLE', { reason: 'biased' })
  })

const test: Command = {
  access: 'read',
  summary: 'sign and verify with each key (or --label one), seal and open, and try the random generator',
  run: async (ground, values) => {
    const keys = await ground.keys()
    const found = (await keys.list()).filter(({ label }) => values.label === undefined || label === values.label)
    if (found.length === 0) throw new AppError('NOT_FOUND', { reason: 'key', label: values.label ?? '' })
    const results: Tested[] = [await testRandom(keys)]
    for (const entry of found) {
      if (entry.algorithm === 'secret') results.push(await testWrapping(keys, entry.label))
      else results.push(...(await testSigner(keys, entry)))
    }
    const failed = results.filter(({ ok }) => !ok)
    await recordKeyAct(ground, {
      action: 'KeyUse',
      id: ground.config.name,
      after: {
        purpose: 'test',
        keyStore: keys.kind,
        keys: found.map(({ label }) => label),
        failed: failed.map(({ what, algorithm }) => `${what} ${algorithm}`),
      },
    })
    const rows = results.map(({ what, algorithm, ok, ms, error }) => [
      what,
      algorithm,
      ok ? 'ok' : 'FAILED',
      `${ms} ms`,
      error,
    ])
    const text = `${keys.description}\n\n${table(['key', 'what', 'result', 'time', 'why'], rows)}`
    const value = { kind: keys.kind, description: keys.description, ok: failed.length === 0, items: results }
    return failed.length === 0 ? { value, text } : { value, text, exit: EXIT.fault }
  },
}

export const KEYS_TEST_COMMANDS: Readonly<Record<string, Command>> = { 'keys test': test }
