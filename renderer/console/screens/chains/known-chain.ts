import type { AuditChainView } from '../../../../shared/contract/index.ts'
import type { CheckpointView } from '../../../../shared/contract/routes/audit-witness.ts'
import type { Client } from '../../client/client.ts'
import { valueOf } from '../../client/value-of.ts'

export interface KnownChain {
  readonly chain: string
  /** Null for who may not read the audit. */
  readonly view: AuditChainView | null
  readonly checkpoint: CheckpointView | null
}

/** Chains by name, the own one first; what cannot be read of them is left out. */
export const readChains = async (client: Client, mayRead: boolean, own: string | undefined): Promise<KnownChain[]> => {
  const [views, checkpoints] = await Promise.all([
    mayRead ? valueOf(client.call('listChains', {})) : { items: [] },
    valueOf(client.call('listCheckpoints', {})),
  ])
  const names = new Set([
    ...(own === undefined ? [] : [own]),
    ...views.items.map((view) => view.chain),
    ...checkpoints.items.map((checkpoint) => checkpoint.chain),
  ])
  return [...names].map((chain) => ({
    chain,
    view: views.items.find((view) => view.chain === chain) ?? null,
    checkpoint: checkpoints.items.find((checkpoint) => checkpoint.chain === chain) ?? null,
  }))
}
