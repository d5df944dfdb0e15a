import type { CardCertificate, CardOnReader, ReaderView, SessionView } from '../../../shared/contract/views.ts'
import type { Tone } from '../../ui/Tone.tsx'

/** What screens say about readers and cards, as pure functions of what the reader answered. */
export const signInCertificate = (card: CardOnReader | null): CardCertificate | null =>
  card?.certificates.find((certificate) => certificate.slot === '9A') ?? null

/** The person named in the card's certificates; null on a card with none. */
export function ownerOf(reader: ReaderView): string | null {
  const certificate = signInCertificate(reader.card) ?? reader.card?.certificates[0]
  return certificate?.commonName ?? certificate?.subject ?? null
}

/** Readers with a card somebody could sign in with. */
export const signInReaders = (readers: readonly ReaderView[]): ReaderView[] =>
  readers.filter((reader) => reader.state === 'ready' && signInCertificate(reader.card) !== null)

/** Is it the card somebody is signed in with: by its serial, by the name in it where the session knows none. */
export const isCardOf = (reader: ReaderView, session: SessionView): boolean =>
  session.cardSerial === null ? ownerOf(reader) === session.operator.name : reader.card?.serial === session.cardSerial

export const isPinBlocked = (reader: ReaderView): boolean => reader.card?.pinTries === 0
export const isPukBlocked = (reader: ReaderView): boolean => reader.card?.pukTries === 0

/** One word per state a reader can be in (UI.md "The card, in words"); every one has `word`, `sentence`, `wayOut` in the texts. */
export type ReaderWord = ReaderView['state'] | 'unfinished' | 'pin-blocked' | 'puk-blocked' | 'expired'

export function readerWord(reader: ReaderView, now: number): ReaderWord {
  if (reader.state !== 'ready') return reader.state
  if (isPinBlocked(reader)) return isPukBlocked(reader) ? 'puk-blocked' : 'pin-blocked'
  // Codes and keys of ours, or of another issuer, and nothing to use it with: a making that stopped.
  if (reader.card?.certificates.length === 0) return 'unfinished'
  const certificate = signInCertificate(reader.card)
  return certificate !== null && certificate.notAfter < now ? 'expired' : 'ready'
}

const TONES: Readonly<Record<ReaderWord, Tone>> = {
  empty: 'idle',
  reading: 'info',
  unknown: 'warn',
  mute: 'bad',
  busy: 'warn',
  blank: 'info',
  ready: 'ok',
  unfinished: 'warn',
  'pin-blocked': 'bad',
  'puk-blocked': 'bad',
  expired: 'bad',
}
export const readerTone = (word: ReaderWord): Tone => TONES[word]

/** Tries left as a state: all well, careful, last one or none. */
export function triesTone(left: number | null): Tone {
  if (left === null) return 'idle'
  return left === 0 ? 'bad' : left === 1 ? 'bad' : left === 2 ? 'warn' : 'ok'
}

/**
 * The reader to work in beside the officer's: the one that holds `serial`; when no serial is known yet a blank card,
 * then any card; then an empty reader. Null when there is no second reader.
 */
export function workReader(
  readers: readonly ReaderView[],
  officerReader: string | null,
  serial: string | null,
): ReaderView | null {
  const others = readers.filter((reader) => reader.name !== officerReader)
  return (
    others.find((reader) => serial !== null && reader.card?.serial === serial) ??
    others.find((reader) => serial === null && reader.state === 'blank') ??
    others.find((reader) => reader.card !== null) ??
    others[0] ??
    null
  )
}

/** Tries left as the desk reports them beside a wrong PIN, else as the reader last told. */
export function triesAfter(detail: Readonly<Record<string, unknown>>, reader: ReaderView | null): number | null {
  const told = detail['triesLeft'] ?? detail['tries']
  return typeof told === 'number' ? told : (reader?.card?.pinTries ?? null)
}

/** Whether the card in the work reader will do for making or handing over a card; everything but `fits` has a sentence. */
export type CardFit = 'fits' | 'empty' | 'no-reader' | 'reading' | 'not-blank' | 'other-card' | 'not-ready'

/** `serial` is the card the enrolment has claimed; null before, when only a blank card will do. */
export function cardFit(reader: ReaderView | null, serial: string | null): CardFit {
  if (reader === null) return 'no-reader'
  if (reader.state === 'empty') return 'empty'
  if (reader.card === null) return reader.state === 'reading' ? 'reading' : 'not-ready'
  if (serial !== null) return reader.card.serial === serial ? 'fits' : 'other-card'
  return reader.state === 'blank' ? 'fits' : 'not-blank'
}

/** Whether it is time to put a card in or to wait, or something is wrong. */
export const fitTone = (fit: CardFit): Tone => (fit === 'empty' || fit === 'reading' ? 'info' : 'warn')
