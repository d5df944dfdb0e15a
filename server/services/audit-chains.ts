import type { AuditChainView } from '../../shared/contract/index.ts'
import type { AuditSequencer } from '../audit/ports.ts'
import { readRootKeyId } from '../db/repositories/audit-chain.ts'
import { readChainOverviews, type ChainOverview } from '../db/repositories/audit-overview.ts'
import type { AuditDatabase } from '../db/schema.ts'
import type { AuditScope } from './audit-scope.ts'
import type { AuditVerification } from './audit-verification.ts'
import { headDigest } from './audit-verification-view.ts'
import type { Call } from './call.ts'

export interface AuditChainsDeps {
  readonly audit: AuditDatabase
  readonly sequencer: AuditSequencer
  readonly scope: AuditScope
  readonly verification: AuditVerification
}

/** The chains of this audit database. How long they are says nothing of what is in them: every auditor may know. */
export class AuditChains {
  readonly #deps: AuditChainsDeps

  constructor(deps: AuditChainsDeps) {
    this.#deps = deps
  }

  async list(call: Call): Promise<{ items: AuditChainView[] }> {
    const isGlobal = this.#deps.scope.isGlobal(call)
    const items: AuditChainView[] = []
    for (const one of await readChainOverviews(this.#deps.audit)) items.push(await this.#view(call, one, isGlobal))
    return { items }
  }

  async #view(call: Call, one: ChainOverview, isGlobal: boolean): Promise<AuditChainView> {
    const { audit, sequencer, verification } = this.#deps
    const state = sequencer.state()
    const own = state.chain === one.chain ? state : null
    const { chain, createdAt, headSequence, headAt, headSignature, first, cut, checkpoint, lastRun } = one
    return {
      chain,
      own: own !== null,
      size: headSequence + 1,
      head: headAt === null ? null : { sequence: headSequence, time: headAt, digest: headDigest(headSignature) },
      createdAt,
      first,
      cut,
      keyMode: own?.mode ?? null,
      state: own?.state ?? null,
      waiting: own?.waiting ?? null,
      keyId: await readRootKeyId(audit, chain),
      checkpoint,
      lastVerification: isGlobal && lastRun !== null ? await verification.read(call, lastRun) : null,
    }
  }
}
