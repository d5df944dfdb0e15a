import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { forkWorker, startCardWorker, type CardWorkerOptions, type WorkerHandle } from '../../../main/cards/index.ts'
import type { CardPort } from '../../../main/services/ports.ts'
import type { SealedContent } from '../../../shared/contract/index.ts'
import { createCardFile } from '../../fakes/card/virtual-card.ts'
import { readState, type CardState } from '../../fakes/card/card-state.ts'
import { missingParts } from '../../fakes/card/missing-parts.ts'
import { startPcscd, type PrivatePcscd } from '../../fakes/card/pcscd.ts'
import { seal } from '../../unit/main/cards/seal.ts'
import { selfSigned } from '../../unit/main/cards/self-signed.ts'

/** Says what is missing and leaves the suite out; with CI=true a missing part is a failure instead. */
export function skipReason(): string | null {
  const missing = missingParts()
  if (missing.length === 0) return null
  const reason = `missing packages: apt-get install ${missing.join(' ')}`
  if (process.env['CI'] === 'true') throw new Error(reason)
  console.warn(reason)
  return reason
}

export const PIN = '24680246'
export const PUK = '13579135'
export const MANAGEMENT_KEY = 'c3'.repeat(24)
export const SERIAL = '40000004'

/** A private pcscd, our worker on it, and one blank card. */
export class Bench {
  readonly pcscd: PrivatePcscd
  readonly port: CardPort
  readonly workers: WorkerHandle[]
  readonly #folder: string

  private constructor(pcscd: PrivatePcscd, port: CardPort, workers: WorkerHandle[], folder: string) {
    this.pcscd = pcscd
    this.port = port
    this.workers = workers
    this.#folder = folder
  }

  static async start(options: Partial<CardWorkerOptions> = {}): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
    createCardFile(join(folder, 'card.json'), { label: 'card', serial: Number(SERIAL) })
    const pcscd = await startPcscd()
    const workers: WorkerHandle[] = []
    const launch = forkWorker({ env: pcscd.env })
    const port = await startCardWorker({
      readers: { kind: 'pcsc' },
      launch: () => {
        const worker = launch()
        workers.push(worker)
        return worker
      },
      ...options,
    })
    return new Bench(pcscd, port, workers, folder)
  }

  get reader(): string {
    return this.pcscd.readers[0]
  }
  get file(): string {
    return join(this.#folder, 'card.json')
  }
  cardState(): CardState {
    return readState(this.file)
  }
  async insert(): Promise<void> {
    await this.pcscd.cards[0].insert(this.file)
    await vi.waitUntil(async () => /blank|ready/.test((await this.state()) ?? ''), { interval: 20, timeout: 30_000 })
  }
  async state(): Promise<string | undefined> {
    return (await this.port.readers()).find(({ name }) => name === this.reader)?.state
  }
  async seal(
    use: SealedContent['use'],
    values: SealedContent['values'],
    card: string | null = SERIAL,
  ): Promise<string> {
    return seal(await this.port.sealKey(), { use, card, values })
  }
  async ticket(): Promise<{ reader: string; serial: string; secrets: string }> {
    const secrets = await this.seal('card-secrets', { pin: PIN, puk: PUK, managementKey: MANAGEMENT_KEY })
    return { reader: this.reader, serial: SERIAL, secrets }
  }
  /** Everything a card gets, with certificates signed by its own keys. */
  async personalise(algorithm: 'ecdsa-p256' | 'ecdsa-p384' | 'rsa-2048'): Promise<void> {
    const ticket = await this.ticket()
    await this.port.setManagementKey(ticket)
    await this.port.setPinAndPuk(ticket)
    await this.port.writeChuid({ ...ticket, guid: '0f'.repeat(16), expiresOn: '2031-12-31' })
    for (const slot of ['9A', '9C'] as const) {
      const spki = await this.port.generateKey({ ...ticket, slot, algorithm })
      const sign = (data: Uint8Array): Promise<Uint8Array> =>
        this.port.signWithTransportPin({ ...ticket, slot, algorithm, data })
      await this.port.writeCertificate({ ...ticket, slot, certificate: await selfSigned(spki, sign) })
    }
  }
  async stop(): Promise<void> {
    await this.port.close()
    await this.pcscd.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
