import type { Witnesses } from '../services/witnesses.ts'
import type { Handlers } from './handler.ts'

/** What the routes of checkpoints and witnesses call. */
export interface WitnessServices {
  readonly witnesses: Witnesses
}

/** Checkpoints, proofs, witnesses: one line a route. */
export const witnessHandlers = (s: WitnessServices) =>
  ({
    listCheckpoints: () => s.witnesses.checkpoints(),
    proveConsistency: ({ request: { params, query } }) => s.witnesses.consistency(params.chain, query.from, query.to),
    proveInclusion: ({ call, request }) => s.witnesses.inclusion(call, request.params.chain, request.params.sequence),
    cosignCheckpoint: ({ call, request }) => s.witnesses.cosign(call, request.params.chain, request.body),
    reportContradiction: ({ call, request }) => s.witnesses.contradiction(call, request.params.chain, request.body),
    releaseWitnessKey: ({ call, request }) => s.witnesses.releaseKey(call, request.params.station, request.body),
    listWitnesses: ({ call, request }) => s.witnesses.list(call, request.params.chain),
  }) satisfies Partial<Handlers>
