import type { Slot } from '../../shared/contract/index.ts'

/** The words of the printed receipt. Plain, short, without promises the office does not keep. */
export interface ReceiptText {
  title: string
  intro: string
  holder: string
  birthDate: string
  card: string
  cardSerial: string
  profile: string
  issuedBy: string
  office: string
  date: string
  document: string
  certificates: string
  columns: readonly [string, string, string, string]
  record: string
  recordNote: string
  nextTitle: string
  next: readonly string[]
  signHolder: string
  signOfficer: string
  noSecret: string
  zone: string
  fileName: string
  slot: Readonly<Record<Slot, string>>
  documentType: Readonly<Record<string, string>>
}

export const RECEIPT_TEXT: Readonly<Record<'en' | 'it', ReceiptText>> = {
  en: {
    title: 'Receipt for a smart card',
    intro: 'The person named below was identified face to face and received the card described here.',
    holder: 'Holder',
    birthDate: 'Date of birth',
    card: 'Card',
    cardSerial: 'Serial number',
    profile: 'Kind of card',
    issuedBy: 'Issued by',
    office: 'Registration office',
    date: 'Date',
    document: 'Identity document seen',
    certificates: 'Certificates on the card',
    columns: ['Use', 'Serial number', 'Valid from', 'Valid until'],
    record: 'Signed registration record',
    recordNote: 'Enrolment {id}, signed by the officer on {date}.',
    nextTitle: 'What to do next',
    next: [
      'Keep the PIN you chose to yourself. Nobody from the office will ever ask for it.',
      'After several wrong PINs the card locks. The help desk or any registration office unlocks it with you.',
      'If the card is lost, stolen or damaged, tell the help desk at once: its certificates will be suspended.',
      'Before the last date above, ask for a new card.',
    ],
    signHolder: 'Received by the holder',
    signOfficer: 'Handed over by the officer',
    noSecret: 'This receipt holds no PIN, PUK or other secret code.',
    zone: 'Dates and times are those of the time zone {zone}.',
    fileName: 'receipt',
    slot: { '9A': 'Sign-in', '9C': 'Signature', '9D': 'Encryption', '9E': 'Card authentication' },
    documentType: {
      passport: 'Passport',
      'identity-card': 'Identity card',
      'residence-permit': 'Residence permit',
      'driving-licence': 'Driving licence',
    },
  },
  it: {
    title: 'Ricevuta di consegna della carta',
    intro: 'La persona sotto indicata è stata identificata di persona e ha ricevuto la carta qui descritta.',
    holder: 'Titolare',
    birthDate: 'Data di nascita',
    card: 'Carta',
    cardSerial: 'Numero di serie',
    profile: 'Tipo di carta',
    issuedBy: 'Rilasciata da',
    office: 'Ufficio di registrazione',
    date: 'Data',
    document: 'Documento di identità esibito',
    certificates: 'Certificati sulla carta',
    columns: ['Uso', 'Numero di serie', 'Valido dal', 'Valido fino al'],
    record: 'Verbale di registrazione firmato',
    recordNote: "Richiesta {id}, firmata dall'operatore il {date}.",
    nextTitle: 'Che cosa fare ora',
    next: [
      "Conservi il PIN che ha scelto solo per sé. Nessuno dell'ufficio glielo chiederà mai.",
      "Dopo alcuni PIN errati la carta si blocca. L'assistenza o un ufficio di registrazione la sblocca con Lei.",
      "Se la carta è persa, rubata o danneggiata, avvisi subito l'assistenza: i certificati saranno sospesi.",
      "Prima dell'ultima data indicata sopra, chieda una nuova carta.",
    ],
    signHolder: 'Per ricevuta, il titolare',
    signOfficer: "Consegnata dall'operatore",
    noSecret: 'Questa ricevuta non contiene PIN, PUK o altri codici segreti.',
    zone: 'Date e ore sono quelle del fuso orario {zone}.',
    fileName: 'ricevuta',
    slot: { '9A': 'Accesso', '9C': 'Firma', '9D': 'Cifratura', '9E': 'Autenticazione della carta' },
    documentType: {
      passport: 'Passaporto',
      'identity-card': "Carta d'identità",
      'residence-permit': 'Permesso di soggiorno',
      'driving-licence': 'Patente di guida',
    },
  },
}
