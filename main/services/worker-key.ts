import { sign, type KeyObject } from 'node:crypto'
import { workerKeyInput, type PublicJwk, type VouchedKey, type WorkerKeyVoucher } from '../../shared/contract/index.ts'
import type { CardPort, Remote } from './ports.ts'

export interface WorkerKeysParts {
  readonly cards: Pick<CardPort, 'sealKey'>
  readonly remote: Pick<Remote, 'nowMs'>
  readonly session: { require(): { readonly id: string } }
  readonly serverName: string
  readonly station: { readonly id: string; readonly key: KeyObject }
}

/** The card worker's sealing key, with this station's word that it is its worker's. */
export class WorkerKeys {
  readonly #parts: WorkerKeysParts

  constructor(parts: WorkerKeysParts) {
    this.#parts = parts
  }

  /**
   * The members of a request that has codes sealed to this worker, for one purpose, one subject and one card. A worker
   * that was restarted has another key: ask anew for each request. Throws SESSION_REQUIRED, SESSION_LOCKED, WORKER_CRASHED.
   */
  async for(
    about: Pick<VouchedKey, 'purpose' | 'subject' | 'cardSerial'>,
  ): Promise<{ workerKey: PublicJwk; vouched: WorkerKeyVoucher }> {
    const { cards, remote, session, serverName, station } = this.#parts
    const workerKey = await cards.sealKey()
    const time = Math.round(remote.nowMs())
    const said = { ...about, serverName, session: session.require().id, station: station.id, time, key: workerKey }
    const signature = sign('sha256', workerKeyInput(said), station.key).toString('base64')
    return { workerKey, vouched: { time, signature } }
  }
}
