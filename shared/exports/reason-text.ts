type Both = Readonly<Record<'en' | 'it', string>>
const both = (en: string, it: string): Both => ({ en, it })

const WHY: Readonly<Record<string, Both>> = {
  'no-seal': both(
    'No signer may seal exports: what a person signs alone is not one.',
    'Nessun firmatario pu\u00f2 sigillare esportazioni: ci\u00f2 che una persona firma da sola non lo \u00e8.',
  ),
  signer: both(
    'None of the signers that were asked for has signed it.',
    'Non l\u2019ha firmato nessuno dei firmatari richiesti.',
  ),
  'key-usage': both(
    'A certificate was used for something it was not issued for.',
    'Un certificato \u00e8 stato usato per uno scopo per cui non fu emesso.',
  ),
  eku: both(
    'A certificate was used for something it was not issued for.',
    'Un certificato \u00e8 stato usato per uno scopo per cui non fu emesso.',
  ),
  path: both(
    'No authority vouches for the signer\u2019s certificate.',
    'Nessuna autorit\u00e0 garantisce il certificato del firmatario.',
  ),
  untrusted: both(
    'None of the trusted certificates vouches for this one.',
    'Nessuno dei certificati attendibili garantisce questo.',
  ),
  expired: both('A certificate had already ended.', 'Un certificato era gi\u00e0 scaduto.'),
  'not-yet-valid': both('A certificate was not valid yet.', 'Un certificato non era ancora valido.'),
  revoked: both(
    'A certificate was revoked by its authority.',
    'Un certificato \u00e8 stato revocato dalla sua autorit\u00e0.',
  ),
  'on-hold': both(
    'A certificate was suspended by its authority.',
    'Un certificato \u00e8 stato sospeso dalla sua autorit\u00e0.',
  ),
  'no-revocation-data': both(
    'Nothing here says whether a certificate is revoked.',
    'Nulla qui dice se un certificato sia revocato.',
  ),
  'stale-crl': both(
    'The revocation list is too old to say anything.',
    'La lista di revoca \u00e8 troppo vecchia per dire qualcosa.',
  ),
  'stale-ocsp': both(
    'The authority\u2019s answer on revocation is too old to say anything.',
    'La risposta dell\u2019autorit\u00e0 sulla revoca \u00e8 troppo vecchia per dire qualcosa.',
  ),
  'weak-key': both('A key is too short to be relied on.', 'Una chiave \u00e8 troppo corta per fidarsene.'),
  'weak-hash': both(
    'A digest is of a kind that can be forged.',
    'Un\u2019impronta \u00e8 di un tipo che si pu\u00f2 falsificare.',
  ),
  'unsupported-algorithm': both(
    'An algorithm is not one that is accepted here.',
    'Un algoritmo non \u00e8 tra quelli accettati qui.',
  ),
  'bad-signature': both(
    'A signature does not fit the key it should be made with.',
    'Una firma non corrisponde alla chiave con cui dovrebbe essere fatta.',
  ),
  'digest-mismatch': both(
    'What is there is not what was signed: it was changed.',
    'Ci\u00f2 che c\u2019\u00e8 non \u00e8 ci\u00f2 che fu firmato: \u00e8 stato modificato.',
  ),
  'content-mismatch': both('The signature is of another file.', 'La firma \u00e8 di un altro file.'),
  'content-missing': both('The file that was signed is not there.', 'Il file firmato non c\u2019\u00e8.'),
  'content-name': both(
    'The signature is of a file with another name.',
    'La firma \u00e8 di un file con un altro nome.',
  ),
  'signer-certificate': both(
    'It cannot be told which certificate signed.',
    'Non si pu\u00f2 dire quale certificato abbia firmato.',
  ),
  'missing-attribute': both('The signature lacks something it must say.', 'Alla firma manca qualcosa che deve dire.'),
  'no-signature': both('There is no signature in it.', 'Non contiene alcuna firma.'),
  'tsp-imprint': both('A time-stamp is of something else.', 'Una marca temporale \u00e8 di qualcos\u2019altro.'),
  'tsp-authority': both(
    'A time-stamp was not made by an authority for time-stamps.',
    'Una marca temporale non \u00e8 di un\u2019autorit\u00e0 di marcatura.',
  ),
  'time-stamp-order': both('Its time-stamps are out of order.', 'Le sue marche temporali sono fuori ordine.'),
  malformed: both(
    'It cannot be read: it is damaged or of another kind.',
    'Non si pu\u00f2 leggere: \u00e8 danneggiato o di un altro tipo.',
  ),
  'too-large': both(
    'It is larger than anything genuine would be.',
    '\u00c8 pi\u00f9 grande di quanto sarebbe uno autentico.',
  ),
  'manifest-missing': both('There is no manifest in it.', 'Non contiene un manifesto.'),
  'member-size': both(
    'A file has another length than the manifest says.',
    'Un file ha una lunghezza diversa da quella del manifesto.',
  ),
  counts: both(
    'It holds another number of entries than the manifest says.',
    'Contiene un numero di voci diverso da quello del manifesto.',
  ),
}

/** Every reason that has a sentence. */
export const EXPLAINED = Object.keys(WHY)

/** Why something was refused, in a sentence for people; null for the rarer ones, which their code tells. */
export const whyOf = (reason: string, language: 'en' | 'it'): string | null =>
  Object.hasOwn(WHY, reason) ? (WHY[reason]?.[language] ?? null) : null
