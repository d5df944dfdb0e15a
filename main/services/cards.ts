import {
  AppError,
  type CardComparison,
  type CardOnReader,
  type CardView,
  type DeskOutput,
  type DeskRequest,
} from '../../shared/contract/index.ts'
import { textOf } from './holders.ts'
import type { CardPort, Remote } from './ports.ts'
import { sha256Hex } from './slot-key.ts'

type Finding = CardComparison['findings'][number]

/** Cards: what lies in the reader against what the server knows, and the owner's own PIN. */
export class CardService {
  readonly #cards: CardPort
  readonly #remote: Remote
  constructor(parts: { cards: CardPort; remote: Remote }) {
    this.#cards = parts.cards
    this.#remote = parts.remote
  }

  async inspect({ reader }: DeskRequest<'cards.inspect'>): Promise<CardComparison> {
    const view = await this.#cards.inspect(reader)
    const serial = view.card?.serial ?? null
    const known = serial === null ? null : await this.#find(serial)
    return { reader: view, known, findings: view.card === null ? [] : compare(view.card, known, this.#remote.nowMs()) }
  }
  find({ text, ...page }: DeskRequest<'cards.find'>): Promise<DeskOutput<'cards.find'>> {
    return this.#remote.call('listCards', { query: { ...page, ...textOf(text) } })
  }
  get({ serial }: DeskRequest<'cards.get'>): Promise<CardView> {
    return this.#remote.call('readCard', { params: { serial } })
  }
  revoke({ serial, reason, note }: DeskRequest<'certificates.revoke'>): Promise<DeskOutput<'certificates.revoke'>> {
    return this.#remote.call('revokeCertificate', { params: { serial }, body: { reason, note } })
  }

  async #find(serial: string): Promise<CardView | null> {
    try {
      return await this.get({ serial })
    } catch (error) {
      if (error instanceof AppError && error.code === 'CARD_NOT_FOUND') return null
      throw error
    }
  }
}

/** Differences worth a sentence, in the order a person should hear them. */
export function compare(card: CardOnReader, known: CardView | null, nowMs: number): Finding[] {
  const onCard = new Set(card.certificates.map(({ der }) => sha256Hex(Buffer.from(der, 'base64'))))
  if (known === null) return card.blank ? [] : ['unknown-card']
  const findings = new Set<Finding>()
  if (known.state === 'terminated') findings.add('card-terminated')
  if (known.state === 'suspended') findings.add('card-suspended')
  if (known.state === 'personalising') findings.add('in-personalisation')
  const wanted = new Map(known.certificates.map((certificate) => [certificate.sha256, certificate]))
  for (const [sha256, certificate] of wanted) {
    const isThere = onCard.has(sha256)
    if (certificate.state === 'issued' && !isThere && known.state !== 'personalising')
      findings.add('certificate-missing')
    if (!isThere) continue
    if (certificate.state === 'revoked') findings.add('certificate-revoked')
    if (certificate.state === 'expired' || certificate.notAfter < nowMs) findings.add('certificate-expired')
  }
  if ([...onCard].some((sha256) => !wanted.has(sha256))) findings.add('certificate-foreign')
  return [...findings]
}
