import type { ManifestChain, ManifestHead } from '../../shared/exports/index.ts'

type Language = 'en' | 'it'
interface Words {
  readonly title: string
  readonly what: string
  readonly facts: readonly [string, string, string, string, string, string]
  readonly provesTitle: string
  readonly proves: Readonly<Record<ManifestHead['completeness'], string>>
  readonly always: string
  readonly names: string
  readonly software: string
  readonly checkTitle: string
  readonly ours: string
  readonly where: string
  readonly page: string
  readonly sums: string
  readonly elsewhere: string
  readonly manifest: string
  readonly members: string
  readonly data: string
  readonly anchors: string
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Signed export of an audit chain',
    what: 'This package holds entries of the audit of a registration service, with what is needed to check them without that service.',
    facts: ['Made by', 'On', 'Ordered by', 'Reason', 'Entries', 'Chains'],
    provesTitle: 'What it proves',
    proves: {
      whole:
        'Every entry of the chain up to the checkpoint is in the package. Leaving one out, adding or changing one would be found.',
      range:
        'Every entry between the first and the last line of the evidence is in the package, and the entries just outside the time span show that its ends are right.',
      headers:
        'Of the entries that were not selected the signed header is in the package, without its content, so that anyone can see that none that fits the filter was left out. Entries the exporter may not see are there as a digest alone.',
      inclusion:
        'Each entry in the package is in the chain, unchanged. It does not prove that no other entry fits the filter.',
    },
    always:
      'Each entry was signed when it was made, over the signature of the one before it, and lies in a Merkle tree whose root is in a signed checkpoint. The manifest names every file with its SHA-256 and is signed.',
    names:
      'Names of people, offices and stations are as the server knew them when it exported; they rest on the signature of the export, not on the chain.',
    software: 'The signing key lay in a file of the server, not in a security module: not for production.',
    checkTitle: 'How to check it',
    ours: 'With countersign-verify (a single file, no installation, no network): it checks everything below and the chain itself.',
    where: 'The server that made this package gives it to anybody, without an account:',
    page: 'The same as a page that any browser opens from the disk:',
    sums: 'Compare its SHA-256 with one that you were told, not only with the server’s own list:',
    elsewhere: 'Where it cannot be had any more, whoever ordered this package can say where it is.',
    manifest: 'The signature of the manifest, with OpenSSL 3:',
    members: 'That every file is the one the manifest names: compare the SHA-256 in manifest.json with',
    data: 'The signature of the data itself:',
    anchors:
      'trusted.pem holds the root certificates you trust, which must not come from this package. The certificates folder only helps tools that need copies.',
  },
  it: {
    title: 'Esportazione firmata di una catena di audit',
    what: 'Questo pacchetto contiene voci dell’audit di un servizio di registrazione, con quanto serve per verificarle senza quel servizio.',
    facts: ['Prodotto da', 'Il', 'Richiesto da', 'Motivo', 'Voci', 'Catene'],
    provesTitle: 'Che cosa prova',
    proves: {
      whole:
        'Ogni voce della catena fino al checkpoint è nel pacchetto. Ometterne, aggiungerne o modificarne una verrebbe scoperto.',
      range:
        'Ogni voce tra la prima e l’ultima riga delle prove è nel pacchetto, e le voci appena fuori dall’intervallo mostrano che gli estremi sono giusti.',
      headers:
        'Delle voci non selezionate è nel pacchetto l’intestazione firmata, senza contenuto, così che chiunque veda che non ne è stata omessa alcuna che rientra nel filtro. Le voci che chi esporta non può vedere compaiono solo come impronta.',
      inclusion:
        'Ogni voce del pacchetto è nella catena, immutata. Non prova che nessun’altra voce rientri nel filtro.',
    },
    always:
      'Ogni voce è stata firmata quando è nata, sulla firma della precedente, e sta in un albero di Merkle la cui radice è in un checkpoint firmato. Il manifesto nomina ogni file con il suo SHA-256 ed è firmato.',
    names:
      'I nomi di persone, uffici e postazioni sono quelli noti al server al momento dell’esportazione; si fondano sulla firma dell’esportazione, non sulla catena.',
    software: 'La chiave di firma stava in un file del server, non in un modulo di sicurezza: non per la produzione.',
    checkTitle: 'Come verificarlo',
    ours: 'Con countersign-verify (un solo file, senza installazione e senza rete): verifica tutto quanto segue e la catena stessa.',
    where: 'Il server che ha prodotto questo pacchetto lo dà a chiunque, senza utenza:',
    page: 'Lo stesso come pagina che qualsiasi browser apre dal disco:',
    sums: 'Confronta il suo SHA-256 con uno che ti è stato comunicato, non solo con l’elenco del server:',
    elsewhere: 'Se non è più disponibile, chi ha richiesto questo pacchetto può dire dove si trova.',
    manifest: 'La firma del manifesto, con OpenSSL 3:',
    members: 'Che ogni file sia quello nominato dal manifesto: confronta lo SHA-256 in manifest.json con',
    data: 'La firma dei dati:',
    anchors:
      'trusted.pem contiene i certificati radice di cui ti fidi, che non devono venire da questo pacchetto. La cartella certificates aiuta solo gli strumenti che vogliono copie.',
  },
}

const MARKS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const text = (value: string): string => value.replace(/[&<>"']/g, (mark) => MARKS[mark] ?? '')
const command = (line: string): string => `<pre>${text(line)}</pre>`
const paragraph = (value: string): string => `<p>${text(value)}</p>`

/** `signature`: the member beside the data, where there is one. */
const dataCommand = (format: ManifestHead['order']['format'], signature: string | null): string => {
  if (format === 'pdf') return 'pdfsig -nocert data/audit.pdf'
  if (format !== 'xml')
    return `openssl cms -verify -cades -binary -inform DER -in data/audit.${format}.p7s -content data/audit.${format} -CAfile trusted.pem -purpose any -out signed.txt`
  const name = (signature ?? 'data/audit.xml').slice('data/'.length)
  const ids = '--id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties'
  return `cd data && xmlsec1 --verify --enabled-key-data x509 --trusted-pem ../trusted.pem ${ids} ${name}`
}

/** Addresses to read, not to follow: what names them may come from anybody. */
const whereVerifiersAre = (words: Words, folder: string): readonly string[] => [
  paragraph(words.where),
  command(`${folder}/countersign-verify.mjs`),
  paragraph(words.page),
  command(`${folder}/countersign-verify.html`),
  paragraph(words.sums),
  command(`${folder}/SHA256SUMS`),
  paragraph(words.elsewhere),
]

interface ReadMeFacts {
  readonly entries: number
  readonly chains: readonly ManifestChain[]
  /** Names of the files made so far. */
  readonly members: readonly string[]
  /** Where the server gives the verifiers; null where it gives none. */
  readonly verifiers: string | null
}

/** The page for people without our tools: what the package proves, and how to check it with others. */
export const readMe = (head: ManifestHead, { entries, chains, members, verifiers }: ReadMeFacts): string => {
  const words = WORDS[head.order.language]
  const facts = [
    `${head.product}, ${head.server}`,
    new Date(head.createdAt).toISOString(),
    `${head.requestedBy.name} (${head.requestedBy.role}, ${head.requestedBy.id})`,
    head.reason,
    String(entries),
    chains.map(({ origin, size }) => `${origin} (${size})`).join(', '),
  ]
  const rows = facts.map((value, place) => `<tr><th>${text(words.facts[place] ?? '')}</th><td>${text(value)}</td></tr>`)
  const manifestLine =
    'openssl cms -verify -cades -binary -inform DER -in manifest.json.p7s -content manifest.json -CAfile trusted.pem -purpose any -out signed.txt'
  return [
    `<!doctype html><html lang="${head.order.language}"><head><meta charset="utf-8"><title>${text(words.title)}</title>`,
    '<style>body{font:16px/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}pre{background:#f2f2f2;padding:.75rem;white-space:pre-wrap}th{text-align:left;padding-right:1rem;vertical-align:top}</style></head><body>',
    `<h1>${text(words.title)}</h1>`,
    paragraph(words.what),
    ...(head.keys === 'software' ? [`<p><strong>${text(words.software)}</strong></p>`] : []),
    `<table>${rows.join('')}</table>`,
    `<h2>${text(words.provesTitle)}</h2>`,
    paragraph(words.proves[head.completeness]),
    paragraph(words.always),
    paragraph(words.names),
    `<h2>${text(words.checkTitle)}</h2>`,
    paragraph(words.ours),
    command('node countersign-verify.mjs export.zip --anchor trusted.pem'),
    ...(verifiers === null ? [] : whereVerifiersAre(words, verifiers)),
    paragraph(words.manifest),
    command(manifestLine),
    paragraph(words.members),
    command('sha256sum data/* evidence/* chains/* names.json'),
    paragraph(words.data),
    command(dataCommand(head.order.format, members.find((name) => name.endsWith('.xades.xml')) ?? null)),
    paragraph(words.anchors),
    '</body></html>\n',
  ].join('\n')
}
