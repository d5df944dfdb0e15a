import type { AuditAction, ObjectType, Role } from '../../../shared/contract/words.ts'
import type { ManifestHead } from '../../../shared/exports/index.ts'

export type ReportLanguage = ManifestHead['order']['language']

/** The words of a report. `{x}` is filled in. */
export interface ReportText {
  readonly title: string
  readonly server: string
  readonly export: string
  readonly made: string
  readonly orderedBy: string
  readonly office: string
  readonly reason: string
  readonly selected: string
  readonly entries: string
  readonly zone: string
  readonly zoneText: string
  readonly signature: string
  readonly signer: string
  readonly signedBy: Readonly<Record<ManifestHead['keys'], string>>
  readonly software: string
  readonly softwareTitle: string
  readonly chains: string
  readonly chainColumns: readonly [string, string, string, string]
  readonly checkpoint: string
  readonly noLines: string
  readonly proves: string
  readonly completeness: Readonly<Record<ManifestHead['completeness'], string>>
  readonly always: string
  readonly names: string
  readonly check: string
  readonly checks: readonly string[]
  readonly selection: {
    readonly object: string
    readonly chain: string
    readonly all: string
    readonly from: string
    readonly to: string
    readonly text: string
    readonly chainName: string
    readonly tenant: string
    readonly objectType: string
    readonly objectId: string
    readonly action: string
    readonly operator: string
    readonly office: string
    readonly station: string
    readonly correlationId: string
    readonly last: string
  }
  readonly last: Readonly<Record<'15m' | '1h' | '24h' | '7d' | '30d' | '1y', string>>
  readonly page: string
  readonly head: string
  readonly entriesTitle: string
  readonly by: string
  readonly nobody: string
  readonly station: string
  readonly request: string
  readonly field: string
  readonly before: string
  readonly after: string
  readonly absent: string
  readonly empty: string
  readonly unchanged: string
  readonly erased: string
  readonly missing: string
  readonly continued: string
  readonly none: string
  readonly letters: string
  readonly cut: string
  readonly attachment: string
  readonly action: Readonly<Record<AuditAction, string>>
  readonly role: Readonly<Record<Role, string>>
  readonly object: Readonly<Record<ObjectType, string>>
}

const EN: ReportText = {
  title: 'Report of audit entries',
  server: 'Made by',
  export: 'Export',
  made: 'Made on',
  orderedBy: 'Ordered by',
  office: 'office {office}',
  reason: 'Reason',
  selected: 'Selected',
  entries: 'Entries',
  zone: 'Times',
  zoneText: 'time zone {zone}, and UTC beside it',
  signature: 'Signature',
  signer: 'Signed by',
  signedBy: {
    hsm: 'PAdES {level} in this file, by the key of the server in its security module',
    software: 'PAdES {level} in this file, by a key in a file of the server',
  },
  softwareTitle: 'Software keys: not for production',
  software:
    'The key that signs this report lay in a file of the server, not in a security module. Whoever could read that file could sign as well.',
  chains: 'State of the chains',
  chainColumns: ['Chain', 'Entries in this report', 'Entries in the chain', 'Lines of evidence'],
  checkpoint: 'Checkpoint of {origin}: {size} entries, root {root}, sealed for this export on {time}.',
  noLines: 'none',
  proves: 'What the export proves',
  completeness: {
    whole:
      'Every entry of the chain up to the checkpoint is in the export. Leaving one out, adding or changing one would be found.',
    range:
      'Every entry between the first and the last line of the evidence is in the export, and the entries just outside the time span show that its ends are right.',
    headers:
      'Of the entries that were not selected the signed header is in the export, without its content, so that anyone can see that none that fits the filter was left out.',
    inclusion: 'Each entry is in the chain, unchanged. It does not prove that no other entry fits the filter.',
  },
  always:
    'Each entry was signed when it was made, over the signature of the one before it, and lies in a Merkle tree whose root is in a signed checkpoint. The evidence lies in the package that this report came in.',
  names: 'Names of people, offices and stations are as the server knew them when it exported.',
  check: 'How to check it',
  checks: [
    'Any reader of PDF shows whether the signature in this file stands; pdfsig does so on the command line.',
    'countersign-verify checks the whole package: this file, the entries, the chain and that none is missing.',
    'These pages are for people. The same entries are in the attached file audit.jsonl, complete and exact.',
  ],
  selection: {
    object: 'the whole trail of {type} {id}',
    chain: 'the whole chain {chain}',
    all: 'all entries',
    from: 'from {time}',
    to: 'before {time}',
    text: 'text “{value}”',
    chainName: 'chain {value}',
    tenant: 'tenant {value}',
    objectType: 'object type {value}',
    objectId: 'object {value}',
    action: 'operation {value}',
    operator: 'operator {value}',
    office: 'office {value}',
    station: 'station {value}',
    correlationId: 'request {value}',
    last: 'the last {value}',
  },
  last: { '15m': '15 minutes', '1h': 'hour', '24h': '24 hours', '7d': '7 days', '30d': '30 days', '1y': 'year' },
  page: 'page {page} of {pages}',
  head: 'Report of audit entries · export {id}',
  entriesTitle: 'Entries',
  by: 'By',
  nobody: 'the server itself',
  station: 'station {station}',
  request: 'request {id}',
  field: 'Field',
  before: 'Before',
  after: 'After',
  absent: '—',
  empty: '(empty)',
  unchanged: 'No field changed.',
  erased:
    'Content erased on {time} by {by} under the rule “{rule}”. The entry itself and its place in the chain stand.',
  missing: 'Without content.',
  continued: '{chain} #{sequence}, continued',
  none: 'No entry fits.',
  letters:
    'Letters that the font of this report lacks stand by their number, as in ⟨U+4E2D⟩; the attached file has them as they are.',
  cut: 'Values of more than 8,000 characters end in […]; the attached file has them whole.',
  attachment: 'The entries of this report as JSON Lines',
  action: {
    Insertion: 'Created',
    Modification: 'Changed',
    Deletion: 'Deleted',
    Login: 'Signed in',
    LoginFailed: 'Sign-in failed',
    Logout: 'Signed out',
    Disclosure: 'Code disclosed',
    Export: 'Exported',
    Verification: 'Verified',
    KeyUse: 'Key used',
    ConfigurationRead: 'Configuration read',
    AccessDenied: 'Refused',
  },
  role: {
    RO: 'Registration officer',
    DO: 'Delegated officer',
    BO: 'Bureau officer',
    HD: 'Help desk',
    SA: 'System administrator',
    AO: 'Audit officer',
    TH: 'Card holder',
  },
  object: {
    operator: 'Operator',
    grant: 'Grant',
    station: 'Station',
    session: 'Session',
    holder: 'Holder',
    proofing: 'Identity proof',
    enrolment: 'Enrolment',
    card: 'Card',
    certificate: 'Certificate',
    crl: 'Revocation list',
    'secret-code': 'Secret code',
    'audit-key': 'Audit key',
    'audit-verification': 'Audit verification',
    'audit-payload': 'Audit payload',
    'audit-checkpoint': 'Audit checkpoint',
    'audit-cut': 'Audit cut',
    'audit-erasure': 'Erasure',
    'audit-filter': 'Saved filter',
    'audit-retention': 'Retention',
    'audit-witness': 'Witness',
    'access-review': 'Access review',
    export: 'Export',
    key: 'Key',
    alarm: 'Alarm',
    job: 'Job',
    schedule: 'Schedule',
    'mail-settings': 'Mail settings',
    office: 'Office',
    division: 'Division',
    server: 'Server',
    'console-request': 'Console sign-in',
    route: 'Request',
  },
}

const IT: ReportText = {
  title: 'Rapporto di voci di audit',
  server: 'Prodotto da',
  export: 'Esportazione',
  made: 'Prodotto il',
  orderedBy: 'Richiesto da',
  office: 'ufficio {office}',
  reason: 'Motivo',
  selected: 'Selezione',
  entries: 'Voci',
  zone: 'Orari',
  zoneText: 'fuso orario {zone}, e accanto UTC',
  signature: 'Firma',
  signer: 'Firmato da',
  signedBy: {
    hsm: 'PAdES {level} in questo file, con la chiave del server nel suo modulo di sicurezza',
    software: 'PAdES {level} in questo file, con una chiave in un file del server',
  },
  softwareTitle: 'Chiavi software: non per la produzione',
  software:
    'La chiave che firma questo rapporto stava in un file del server, non in un modulo di sicurezza. Chi poteva leggere quel file poteva anche firmare.',
  chains: 'Stato delle catene',
  chainColumns: ['Catena', 'Voci in questo rapporto', 'Voci nella catena', 'Righe delle prove'],
  checkpoint: 'Checkpoint di {origin}: {size} voci, radice {root}, sigillato per questa esportazione il {time}.',
  noLines: 'nessuna',
  proves: 'Che cosa prova l’esportazione',
  completeness: {
    whole:
      'Ogni voce della catena fino al checkpoint è nell’esportazione. Ometterne, aggiungerne o modificarne una verrebbe scoperto.',
    range:
      'Ogni voce tra la prima e l’ultima riga delle prove è nell’esportazione, e le voci appena fuori dall’intervallo mostrano che gli estremi sono giusti.',
    headers:
      'Delle voci non selezionate è nell’esportazione l’intestazione firmata, senza contenuto, così che chiunque veda che non ne è stata omessa alcuna che rientra nel filtro.',
    inclusion: 'Ogni voce è nella catena, immutata. Non prova che nessun’altra voce rientri nel filtro.',
  },
  always:
    'Ogni voce è stata firmata quando è nata, sulla firma della precedente, e sta in un albero di Merkle la cui radice è in un checkpoint firmato. Le prove stanno nel pacchetto in cui è arrivato questo rapporto.',
  names: 'I nomi di persone, uffici e postazioni sono quelli noti al server al momento dell’esportazione.',
  check: 'Come verificarlo',
  checks: [
    'Qualsiasi lettore di PDF mostra se la firma in questo file regge; dalla riga di comando lo fa pdfsig.',
    'countersign-verify verifica tutto il pacchetto: questo file, le voci, la catena e che nessuna manchi.',
    'Queste pagine sono per le persone. Le stesse voci, complete ed esatte, stanno nel file allegato audit.jsonl.',
  ],
  selection: {
    object: 'tutta la storia di {type} {id}',
    chain: 'tutta la catena {chain}',
    all: 'tutte le voci',
    from: 'dal {time}',
    to: 'prima del {time}',
    text: 'testo «{value}»',
    chainName: 'catena {value}',
    tenant: 'ente {value}',
    objectType: 'tipo di oggetto {value}',
    objectId: 'oggetto {value}',
    action: 'operazione {value}',
    operator: 'operatore {value}',
    office: 'ufficio {value}',
    station: 'postazione {value}',
    correlationId: 'richiesta {value}',
    last: 'periodo: {value}',
  },
  last: {
    '15m': 'ultimi 15 minuti',
    '1h': 'ultima ora',
    '24h': 'ultime 24 ore',
    '7d': 'ultimi 7 giorni',
    '30d': 'ultimi 30 giorni',
    '1y': 'ultimo anno',
  },
  page: 'pagina {page} di {pages}',
  head: 'Rapporto di voci di audit · esportazione {id}',
  entriesTitle: 'Voci',
  by: 'Da',
  nobody: 'il server stesso',
  station: 'postazione {station}',
  request: 'richiesta {id}',
  field: 'Campo',
  before: 'Prima',
  after: 'Dopo',
  absent: '—',
  empty: '(vuoto)',
  unchanged: 'Nessun campo cambiato.',
  erased:
    'Contenuto cancellato il {time} da {by} secondo la regola «{rule}». La voce e il suo posto nella catena restano.',
  missing: 'Senza contenuto.',
  continued: '{chain} n. {sequence}, segue',
  none: 'Nessuna voce corrisponde.',
  letters:
    'Le lettere che mancano al carattere di questo rapporto compaiono con il loro numero, come ⟨U+4E2D⟩; il file allegato le ha come sono.',
  cut: 'I valori di oltre 8.000 caratteri finiscono con […]; il file allegato li ha interi.',
  attachment: 'Le voci di questo rapporto come JSON Lines',
  action: {
    Insertion: 'Creazione',
    Modification: 'Modifica',
    Deletion: 'Cancellazione',
    Login: 'Accesso',
    LoginFailed: 'Accesso fallito',
    Logout: 'Uscita',
    Disclosure: 'Codice rivelato',
    Export: 'Esportazione',
    Verification: 'Verifica',
    KeyUse: 'Uso di chiave',
    ConfigurationRead: 'Lettura configurazione',
    AccessDenied: 'Rifiuto',
  },
  role: {
    RO: 'Operatore di registrazione',
    DO: 'Operatore delegato',
    BO: 'Responsabile d’ufficio',
    HD: 'Assistenza',
    SA: 'Amministratore di sistema',
    AO: 'Revisore',
    TH: 'Titolare',
  },
  object: {
    operator: 'Operatore',
    grant: 'Autorizzazione',
    station: 'Postazione',
    session: 'Sessione',
    holder: 'Titolare',
    proofing: 'Accertamento d’identità',
    enrolment: 'Registrazione',
    card: 'Carta',
    certificate: 'Certificato',
    crl: 'Lista di revoca',
    'secret-code': 'Codice segreto',
    'audit-key': 'Chiave di audit',
    'audit-verification': 'Verifica dell’audit',
    'audit-payload': 'Contenuto dell’audit',
    'audit-checkpoint': 'Checkpoint dell’audit',
    'audit-cut': 'Taglio dell’audit',
    'audit-erasure': 'Cancellazione',
    'audit-filter': 'Filtro salvato',
    'audit-retention': 'Conservazione',
    'audit-witness': 'Testimone',
    'access-review': 'Revisione degli accessi',
    export: 'Esportazione',
    key: 'Chiave',
    alarm: 'Allarme',
    job: 'Attività',
    schedule: 'Pianificazione',
    'mail-settings': 'Impostazioni di posta',
    office: 'Ufficio',
    division: 'Divisione',
    server: 'Server',
    'console-request': 'Accesso alla console',
    route: 'Richiesta',
  },
}

export const REPORT_TEXT: Readonly<Record<ReportLanguage, ReportText>> = { en: EN, it: IT }

/** The text with its gaps filled. */
export const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (gap, name: string) => values[name] ?? gap)

/** The word for a value of a closed list, or the value where the list is newer than these words. */
export const wordOf = (words: Readonly<Record<string, string>>, value: string): string =>
  Object.hasOwn(words, value) ? (words[value] ?? value) : value
