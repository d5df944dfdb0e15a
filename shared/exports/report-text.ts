import type { SubIndication } from './indication.ts'
import { whyOf } from './reason-text.ts'
import type { Check, CheckCode, CheckName, Facts, Report } from './report.ts'

type Language = 'en' | 'it'
type Both = Readonly<Record<Language, string>>

const both = (en: string, it: string): Both => ({ en, it })

const TITLES: Readonly<Record<CheckName, Both>> = {
  package: both('Package', 'Pacchetto'),
  manifest: both('Manifest', 'Manifesto'),
  'manifest-signature': both('Signature of the manifest', 'Firma del manifesto'),
  members: both('Files', 'File'),
  'data-signature': both('Signature of the data', 'Firma dei dati'),
  checkpoint: both('Checkpoint', 'Checkpoint'),
  cosignatures: both('Witnesses', 'Testimoni'),
  'checkpoint-time': both('Time of the checkpoint', 'Ora del checkpoint'),
  evidence: both('Entries against the chain', 'Voci rispetto alla catena'),
  'entry-signatures': both('Signatures of entries', 'Firme delle voci'),
  completeness: both('Completeness', 'Completezza'),
  data: both('Data against the evidence', 'Dati rispetto alle prove'),
  signature: both('Signature', 'Firma'),
}

const SIGNED = both(
  '{level}, signed by {signer}; certificate issued by {issuer}; proved since {provedAt}, claimed {claimedAt}.',
  '{level}, firmato da {signer}; certificato emesso da {issuer}; provato dal {provedAt}, dichiarato {claimedAt}.',
)
const BELOW = both(
  'it proves {level} and not {ordered}, which the package is said to have: {signer}.',
  'prova {level} e non {ordered}, che il pacchetto dichiara: {signer}.',
)
const REFUSED = both('refused: {reason}.', 'rifiutato: {reason}.')

const SENTENCES: Readonly<Partial<Record<`${CheckName}.${CheckCode}`, Both>>> = {
  'package.passed': both('{members} files, as the format has them.', '{members} file, come vuole il formato.'),
  'manifest.passed': both(
    'export {id} of {server}, {createdAt}, ordered by {requestedBy} ({reason}); {entries} entries, keys claimed to be: {keys}.',
    'esportazione {id} di {server}, {createdAt}, richiesta da {requestedBy} ({reason}); {entries} voci, chiavi dichiarate: {keys}.',
  ),
  'manifest-signature.passed': SIGNED,
  'data-signature.passed': SIGNED,
  'signature.passed': SIGNED,
  'manifest-signature.differs': BELOW,
  'data-signature.differs': BELOW,
  'manifest-signature.missing': both('it is not signed.', 'non \u00e8 firmato.'),
  'data-signature.missing': both('it is not signed.', 'non sono firmati.'),
  'members.passed': both('{count} files have the digests that were signed.', '{count} file hanno le impronte firmate.'),
  'members.differs': both('changed after they were signed: {names}.', 'cambiati dopo la firma: {names}.'),
  'checkpoint.passed': both(
    '{size} entries, root {root}, of the chain {origin}.',
    '{size} voci, radice {root}, della catena {origin}.',
  ),
  'checkpoint.origin': both(
    'another origin than the one given: {origin}.',
    'origine diversa da quella indicata: {origin}.',
  ),
  'checkpoint.missing': both(
    'the origin given is not in the package: {origin}.',
    'l\u2019origine indicata non \u00e8 nel pacchetto: {origin}.',
  ),
  'cosignatures.passed': both('seen by {names}, last on {time}.', 'vista da {names}, da ultimo il {time}.'),
  'cosignatures.unjudged': both(
    'seen, by keys the package names, by {names}, last on {time}: nobody asked for them, and nothing rests on it.',
    'vista, secondo chiavi indicate dal pacchetto, da {names}, da ultimo il {time}: non richiesti, nulla vi poggia.',
  ),
  'cosignatures.none': both('nobody else has signed it.', 'nessun altro l\u2019ha firmato.'),
  'cosignatures.missing': both(
    'none of the witnesses given has seen it.',
    'nessuno dei testimoni indicati l\u2019ha visto.',
  ),
  'checkpoint-time.passed': both('existed on {time}, says {authority}.', 'esisteva il {time}, dice {authority}.'),
  'checkpoint-time.none': both('it was not time-stamped.', 'non ha marca temporale.'),
  'checkpoint-time.unjudged': both(
    'its authority cannot be judged from what is here ({reason}); it proves no time.',
    'la sua autorit\u00e0 non si pu\u00f2 giudicare ({reason}); non prova alcuna ora.',
  ),
  'evidence.passed': both(
    '{disclosed} entries, {headers} headers, {hidden} hidden; {erased} with erased data ({unburied} erasures are not proved). They give the signed root.',
    '{disclosed} voci, {headers} intestazioni, {hidden} nascoste; {erased} con dati cancellati ({unburied} cancellazioni non sono provate). Danno la radice firmata.',
  ),
  'evidence.fault': both('entry {sequence} does not fit: {what}.', 'la voce {sequence} non torna: {what}.'),
  'evidence.missing': both('there is nothing to check it with.', 'manca ci\u00f2 che serve per controllare.'),
  'entry-signatures.passed': both('{checked} checked.', '{checked} controllate.'),
  'entry-signatures.skipped': both(
    'left to links and root, as asked for.',
    'affidate ai collegamenti e alla radice, come richiesto.',
  ),
  'entry-signatures.fault': both(
    'that of entry {sequence} is not valid.',
    'quella della voce {sequence} non \u00e8 valida.',
  ),
  'completeness.whole': both(
    'every entry of the chain, from {from} to {to}, up to its checkpoint of {until}.',
    'tutte le voci della catena, da {from} a {to}, fino al suo checkpoint di {until}.',
  ),
  'completeness.range': both(
    'every entry from {from} to {to} is there ({filter}), up to the checkpoint of {until}.',
    'ci sono tutte le voci da {from} a {to} ({filter}), fino al checkpoint di {until}.',
  ),
  'completeness.headers': both(
    'nothing that was to be selected ({filter}) is left out from {from} to {to}, up to the checkpoint of {until}.',
    'da {from} a {to}, fino al checkpoint di {until}, non manca nulla di ci\u00f2 che andava selezionato ({filter}).',
  ),
  'completeness.unjudged': both(
    '{hidden} entries are hidden: whether one of them was to be selected ({filter}) is not proved.',
    '{hidden} voci sono nascoste: che nessuna andasse selezionata ({filter}) non \u00e8 provato.',
  ),
  'completeness.differs': both(
    'what was evaluated ({filter}) is not what was ordered ({selection}).',
    'ci\u00f2 che fu valutato ({filter}) non \u00e8 ci\u00f2 che fu richiesto ({selection}).',
  ),
  'completeness.none': both(
    'there is no entry and no chain in it ({selection}): nothing is proved.',
    'non contiene voci n\u00e9 catene ({selection}): non prova nulla.',
  ),
  'completeness.missing': both(
    'a chain that it speaks of is not in it ({selection}): that nothing is missing is not proved.',
    'manca una catena di cui parla ({selection}): che non manchi nulla non \u00e8 provato.',
  ),
  'completeness.inclusion': both(
    'each entry is in the chain; that none is missing ({selection}) is not claimed.',
    'ogni voce \u00e8 nella catena; che non ne manchino ({selection}) non \u00e8 affermato.',
  ),
  'completeness.fault': both('entry {sequence}: {what}.', 'voce {sequence}: {what}.'),
  'data.passed': both('{rows} rows say what the entries say.', '{rows} righe dicono ci\u00f2 che dicono le voci.'),
  'data.report': both(
    'the {rows} entries in the report are those of the evidence; its pages are not compared.',
    'le {rows} voci nel rapporto sono quelle delle prove; le sue pagine non si confrontano.',
  ),
  'data.differs': both('they do not say what the entries say.', 'non dicono ci\u00f2 che dicono le voci.'),
  'data.unjudged': both('nothing to compare with.', 'manca con che cosa confrontare.'),
}

/** Every `check.code` that has a sentence of its own; any other is told as refused. */
export const TOLD = Object.keys(SENTENCES)

const NOTHING = both('-', '-')
/** Facts whose absence says something. */
const ABSENT: Readonly<Record<string, Both>> = {
  until: both('a time that is not proved', 'un\u2019ora non provata'),
  filter: both('no condition', 'nessuna condizione'),
}

const valueOf = (facts: Facts, name: string, language: Language): string => {
  const value = facts[name]
  return value === null || value === undefined ? (ABSENT[name] ?? NOTHING)[language] : String(value)
}

const MEANINGS: Readonly<Record<SubIndication, Both>> = {
  FORMAT_FAILURE: both('It is not of the form it must have.', 'Non ha la forma dovuta.'),
  HASH_FAILURE: both(
    'What was signed has another digest: it was changed.',
    'Ci\u00f2 che fu firmato ha un\u2019altra impronta: \u00e8 stato cambiato.',
  ),
  SIG_CRYPTO_FAILURE: both('It was not signed by this key.', 'Non \u00e8 stato firmato con questa chiave.'),
  SIG_CONSTRAINTS_FAILURE: both(
    'It lacks something, or has something, that is not allowed.',
    'Le manca qualcosa, o ha qualcosa, che non \u00e8 ammesso.',
  ),
  CHAIN_CONSTRAINTS_FAILURE: both(
    'A certificate on the way to the anchor breaks a rule.',
    'Un certificato verso l\u2019anchor viola una regola.',
  ),
  CERTIFICATE_CHAIN_GENERAL_FAILURE: both(
    'The certificates could not be judged.',
    'Non \u00e8 stato possibile giudicare i certificati.',
  ),
  CRYPTO_CONSTRAINTS_FAILURE_NO_POE: both(
    'An algorithm or key is not good enough.',
    'Un algoritmo o una chiave non \u00e8 abbastanza sicuro.',
  ),
  OUT_OF_BOUNDS_NO_POE: both(
    'A certificate was not valid at the time, and nothing proves that the signature is older.',
    'Un certificato non era valido in quel momento, e nulla prova che la firma sia anteriore.',
  ),
  REVOKED_NO_POE: both(
    'The certificate is revoked, and nothing proves that the signature is older.',
    'Il certificato \u00e8 revocato, e nulla prova che la firma sia anteriore.',
  ),
  REVOKED_CA_NO_POE: both('An authority is revoked.', 'Un\u2019autorit\u00e0 \u00e8 revocata.'),
  NO_SIGNING_CERTIFICATE_FOUND: both(
    'It cannot be told which certificate signed.',
    'Non si pu\u00f2 dire quale certificato abbia firmato.',
  ),
  NO_CERTIFICATE_CHAIN_FOUND: both(
    'No anchor given vouches for the signer (--anchor).',
    'Nessun anchor indicato garantisce il firmatario (--anchor).',
  ),
  TIMESTAMP_ORDER_FAILURE: both('Its time-stamps are out of order.', 'Le marche temporali non sono in ordine.'),
  SIGNED_DATA_NOT_FOUND: both('What was signed is not there.', 'Ci\u00f2 che fu firmato non c\u2019\u00e8.'),
  TRY_LATER: both(
    'No word of revocation that is new enough: give a list (--crl), or an answer (--ocsp).',
    'Manca una notizia di revoca abbastanza recente: indicare una lista (--crl) o una risposta (--ocsp).',
  ),
  GENERIC: both('', ''),
}

/** What a sub-indication means, in a sentence. */
export const meaningOf = (sub: SubIndication, language: Language): string => MEANINGS[sub][language]

/** What a check is called. */
export const titleOf = (check: CheckName, language: Language): string => TITLES[check][language]

/** What it found, in a sentence with its facts; of a refusal also why. */
export const sentenceOf = ({ check, code, facts }: Check, language: Language): string => {
  const own = SENTENCES[`${check}.${code}`]
  const told = (own ?? REFUSED)[language].replace(/\{([a-zA-Z]+)\}/g, (_, name: string) =>
    valueOf(facts, name, language),
  )
  const why = own ? null : whyOf(valueOf(facts, 'reason', language), language)
  return why === null ? told : `${told} ${why}`
}

const VERDICTS: Readonly<Record<Report['indication'], Both>> = {
  'TOTAL-PASSED': both('Every check that counts has passed.', 'Tutti i controlli che contano sono superati.'),
  'TOTAL-FAILED': both(
    'This is not what was signed: do not rely on it.',
    'Non \u00e8 ci\u00f2 che fu firmato: non farvi affidamento.',
  ),
  INDETERMINATE: both(
    'Nothing proves it wrong, but something is missing to prove it right.',
    'Nulla prova che sia falso, ma manca qualcosa per provarlo vero.',
  ),
}
export const verdictOf = ({ indication }: Report, language: Language): string => VERDICTS[indication][language]
