import { updateCard, type CardRowStored } from '../db/repositories/cards.ts'
import { findHolder } from '../db/repositories/holders.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { CodeOwner } from '../vault/vault.ts'
import type { Call } from './call.ts'
import type { Tell } from './change.ts'
import { placeOf } from './deps.ts'
import { issuingName } from './enrolment-view.ts'
import { cardSnapshot } from './views.ts'

/** Whose codes a card's are, as the vault binds them, and how the audit calls them. */
export const codeOwner = async (db: OperationalTransaction, card: CardRowStored): Promise<CodeOwner> => {
  const everywhere = { tenant: card.tenant, reach: { kind: 'everything' } } as const
  const holder = card.holder_id === null ? null : await findHolder(db, everywhere, card.holder_id)
  const name = holder === null ? card.serial : issuingName(holder, card.card_profile)
  return { tenant: card.tenant, cardId: card.id, cardSerial: card.serial, name, ...placeOf(card) }
}

/** Writes a card's new values with the entry that tells of them. */
export const changeCard = async (
  trx: OperationalTransaction,
  tell: Tell,
  before: CardRowStored,
  values: Partial<Omit<CardRowStored, 'id' | 'tenant' | 'version' | 'created_at' | 'updated_at'>>,
  call: Call,
  reason: string | null = null,
): Promise<CardRowStored> => {
  await updateCard(trx, before, { ...values, updated_at: call.at })
  const after = { ...before, ...values, updated_at: call.at, version: before.version + 1 }
  await tell({
    action: 'Modification',
    object: { type: 'card', id: before.serial },
    before: cardSnapshot(before),
    after: cardSnapshot(after),
    reason,
    place: placeOf(before),
  })
  return after
}
