import type { AlarmKind } from '../../shared/contract/routes/alarms.ts'

export type MailLanguage = 'en' | 'it'

/** What the texts are filled with. Numbers, codes and names of things; nothing of a person. */
export interface MailValues {
  readonly server: string
  readonly url: string
  /** UTC in ms. */
  readonly at: number
  readonly alarm?: { readonly kind: AlarmKind; readonly key: string; readonly detail: string }
}

type Sentences = Readonly<Record<MailLanguage, { readonly what: string; readonly todo: string }>>

const ALARMS: Readonly<Record<AlarmKind, Sentences>> = {
  'chain-unwritable': {
    en: {
      what: 'The audit chain cannot be written. The server accepts no changes.',
      todo: 'Look at the audit database and the key store now. It goes on by itself once they answer.',
    },
    it: {
      what: 'La catena di audit non si può scrivere. Il server non accetta modifiche.',
      todo: "Controllare subito la base dati dell'audit e l'archivio delle chiavi. Riprende da sola quando rispondono.",
    },
  },
  'verification-failed': {
    en: {
      what: 'A verification found an error in the audit chain.',
      todo: 'Keep the databases and their backups as they are, and call the auditor.',
    },
    it: {
      what: 'Una verifica ha trovato un errore nella catena di audit.',
      todo: "Conservare le basi dati e le loro copie così come sono e chiamare l'auditor.",
    },
  },
  'witness-contradiction': {
    en: {
      what: 'A witness saw another past of the audit chain than the one the server shows.',
      todo: 'Keep the databases and their backups as they are, and call the auditor.',
    },
    it: {
      what: 'Un testimone ha visto un passato della catena di audit diverso da quello che il server mostra.',
      todo: "Conservare le basi dati e le loro copie così come sono e chiamare l'auditor.",
    },
  },
  'witness-stale': {
    en: {
      what: 'A witness has not confirmed the audit chain for too long.',
      todo: 'Check that the witness runs and can be reached.',
    },
    it: {
      what: 'Un testimone non conferma la catena di audit da troppo tempo.',
      todo: 'Controllare che il testimone sia in funzione e raggiungibile.',
    },
  },
  'timestamp-late': {
    en: {
      what: 'The daily time-stamp of the audit chain is late.',
      todo: 'Check that the time-stamping authority can be reached and its certificate is valid.',
    },
    it: {
      what: 'La marca temporale giornaliera della catena di audit è in ritardo.',
      todo: "Controllare che l'autorità di marcatura sia raggiungibile e che il suo certificato sia valido.",
    },
  },
  'job-dead': {
    en: {
      what: 'A job was given up after all its attempts failed.',
      todo: 'Open the jobs in the console, mend the cause, and try it again.',
    },
    it: {
      what: 'Un lavoro è stato abbandonato dopo che tutti i tentativi sono falliti.',
      todo: 'Aprire i lavori nella console, rimuovere la causa e ritentarlo.',
    },
  },
  'mail-undeliverable': {
    en: {
      what: 'A mail could not be delivered.',
      todo: 'Check the mail server and the recipients in the console.',
    },
    it: {
      what: 'Un messaggio di posta non si è potuto consegnare.',
      todo: 'Controllare il server di posta e i destinatari nella console.',
    },
  },
}

const TEST: Sentences = {
  en: { what: 'This is a test mail of the Countersign server.', todo: 'Nothing needs to be done.' },
  it: { what: 'Questo è un messaggio di prova del server Countersign.', todo: 'Non occorre fare nulla.' },
}

const LABELS = {
  en: { alarm: 'Alarm', test: 'Test mail', server: 'Server', about: 'About', since: 'Time (UTC)', detail: 'Detail' },
  it: {
    alarm: 'Allarme',
    test: 'Messaggio di prova',
    server: 'Server',
    about: 'Oggetto',
    since: 'Ora (UTC)',
    detail: 'Dettaglio',
  },
} as const

/** One line: what came from outside must not begin a header or a line of its own. */
const line = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 300)

/** Subject and text of a mail in the reader's language. */
export const mailText = (
  language: MailLanguage,
  values: MailValues,
): { readonly subject: string; readonly text: string } => {
  const { alarm } = values
  const label = LABELS[language]
  const { what, todo } = (alarm ? ALARMS[alarm.kind] : TEST)[language]
  const server = line(values.server)
  const rows = [
    `${label.server}: ${server} (${line(values.url)})`,
    `${label.since}: ${new Date(values.at).toISOString()}`,
    ...(alarm ? [`${label.about}: ${line(alarm.key)}`] : []),
    ...(alarm && alarm.detail !== '' ? [`${label.detail}: ${line(alarm.detail)}`] : []),
  ]
  return {
    subject: `[Countersign] ${alarm ? label.alarm : label.test}: ${alarm ? what : server}`,
    text: `${what}\n${todo}\n\n${rows.join('\n')}\n`,
  }
}
