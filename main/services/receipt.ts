import { AppError, type DeskOutput, type DeskRequest, type EnrolmentView } from '../../shared/contract/index.ts'
import { RECEIPT_TEXT } from './receipt-text.ts'
import type { DeskStore, Remote } from './ports.ts'

type Language = 'en' | 'it'
/** How a receipt speaks: its language, and the time zone (IANA name) of the person it is for. */
export interface ReceiptReader {
  language: Language
  timeZone: string
  now: Date
}

/** What draws is large and needed late: it is read after the desk has started, not while it does. */
const loadPage = () => import('./receipt-page.ts')

/** The holder's receipt, printed after issuing. */
export class ReceiptService {
  readonly #remote: Remote
  readonly #store: DeskStore
  constructor(parts: { remote: Remote; store: DeskStore }) {
    this.#remote = parts.remote
    this.#store = parts.store
  }

  /** Reads what drawing needs, so that the first receipt is as quick as the next. */
  async prepare(): Promise<void> {
    await loadPage()
  }

  /** Only of an enrolment whose card was issued. Throws ENROLMENT_STATE. The record's digest is known where it was signed. */
  async make({ id, language, timeZone }: DeskRequest<'enrolments.receipt'>): Promise<DeskOutput<'enrolments.receipt'>> {
    const enrolment = await this.#remote.call('readEnrolment', { params: { id } })
    if (enrolment.state !== 'issued' && enrolment.state !== 'handed-over')
      throw new AppError('ENROLMENT_STATE', { state: enrolment.state })
    const pdf = await drawReceipt(enrolment, this.#store.readRecordDigest(id), {
      language,
      timeZone: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      now: new Date(this.#remote.nowMs()),
    })
    return { fileName: `${RECEIPT_TEXT[language].fileName}-${id}.pdf`, pdf: Buffer.from(pdf).toString('base64') }
  }
}

/** Lays the receipt out on A4. Holds what an enrolment view holds, which is never a secret. */
export async function drawReceipt(
  enrolment: EnrolmentView,
  recordSha256: string | null,
  { language, timeZone, now }: ReceiptReader,
): Promise<Uint8Array> {
  const text = RECEIPT_TEXT[language]
  const date = (ms: number) => formatDate(ms, language, { timeZone })
  const { holder, proofing, profile } = enrolment
  const { ReceiptPage } = await loadPage()
  const page = await ReceiptPage.begin({ title: text.title, language, date: now })
  page.title(text.title)
  page.paragraph(text.intro)

  page.heading(text.holder)
  page.fact(text.holder, `${holder.givenNames} ${holder.familyName}`)
  page.fact(text.birthDate, formatDate(Date.parse(`${holder.birthDate}T00:00:00Z`), language, { timeZone: 'UTC' }))
  if (proofing)
    page.fact(
      text.document,
      `${text.documentType[proofing.documentType] ?? proofing.documentType} (${proofing.issuer})`,
    )

  page.heading(text.card)
  page.fact(text.cardSerial, enrolment.cardSerial ?? '-')
  if (profile) page.fact(text.profile, profile.name[language])
  page.fact(text.issuedBy, enrolment.officer.name)
  page.fact(text.office, `${enrolment.office.name}, ${enrolment.office.division}`)
  page.fact(text.date, formatDate(now.getTime(), language, { timeZone, ...CLOCK }))

  page.heading(text.certificates)
  const live = enrolment.certificates.filter(({ state }) => state === 'issued')
  const rows = live.map((c) => [text.slot[c.slot], c.serial, date(c.notBefore), date(c.notAfter)])
  page.table(text.columns, [0.2, 0.44, 0.18, 0.18], rows)

  page.heading(text.record)
  page.paragraph(
    fill(text.recordNote, { id: enrolment.id, date: enrolment.signedAt === null ? '-' : date(enrolment.signedAt) }),
  )
  if (recordSha256 !== null) page.code(`SHA-256 ${recordSha256}`)

  page.heading(text.nextTitle)
  page.list(text.next)
  page.signatures(text.signHolder, text.signOfficer)
  page.note(text.noSecret)
  page.note(fill(text.zone, { zone: timeZone }))
  if (page.changed) page.note(TRANSLITERATED[language])
  return page.save()
}

const TRANSLITERATED: Readonly<Record<Language, string>> = {
  en: 'Some letters are transliterated into the Latin alphabet of this print; the records keep them as written.',
  it: "Alcune lettere sono traslitterate nell'alfabeto latino di questa stampa; negli archivi restano come scritte.",
}
const fill = (pattern: string, values: Readonly<Record<string, string>>) =>
  pattern.replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? '')
const CLOCK: Intl.DateTimeFormatOptions = {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'shortOffset',
}
const formatDate = (ms: number, language: Language, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(language === 'it' ? 'it-IT' : 'en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    ...options,
  }).format(ms)
