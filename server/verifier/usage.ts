const EN = `countersign-verify PACKAGE --anchor FILE [options]
countersign-verify FILE SIGNATURE --anchor FILE [options]
countersign-verify SIGNED-FILE --anchor FILE [options]

Checks an export of the audit (a .zip, or the folder it was unpacked to), or a signature (.p7s, XML, PDF). It trusts what
it is given and nothing else, and uses no network.

  --anchor FILE         certificate that is trusted, PEM or DER; may come again
  --tsa-anchor FILE     trusted for time-stamps; without it the anchors are
  --intermediate FILE   certificates that may stand between
  --crl FILE            revocation list; --ocsp FILE  answer of a responder, DER
  --signer SHA256       the certificate that must have signed; without it any that an anchor vouches for
  --origin ORIGIN       the chain's origin, where you know it
  --witness VKEY        key of a witness; one of those given must have seen the chain
  --quick               leaves the signatures of entries to links and root
  --no-revocation       revocation is judged by other means
  --at TIME             judges for this time, not for now
  --json                the report as JSON
  --lang en|it          language of the report

Exit code: 0 TOTAL-PASSED, 1 TOTAL-FAILED, 2 INDETERMINATE (ETSI EN 319 102-1), 3 no verdict: wrong use, or unreadable.
`

const IT = `countersign-verify PACCHETTO --anchor FILE [opzioni]
countersign-verify FILE FIRMA --anchor FILE [opzioni]
countersign-verify FILE-FIRMATO --anchor FILE [opzioni]

Verifica un'esportazione del registro (un .zip, o la cartella in cui \u00e8 stato estratto) o una firma (.p7s, XML, PDF). Si
fida di ci\u00f2 che riceve e di nient'altro, e non usa la rete.

  --anchor FILE         certificato di cui ci si fida, PEM o DER; si pu\u00f2 ripetere
  --tsa-anchor FILE     per le marche temporali; se manca valgono gli anchor
  --intermediate FILE   certificati che possono stare in mezzo
  --crl FILE            lista di revoca; --ocsp FILE  risposta OCSP, DER
  --signer SHA256       il certificato che deve aver firmato; se manca, chiunque sia garantito da un anchor
  --origin ORIGINE      l'origine della catena, se la si conosce
  --witness VKEY        chiave di un testimone; uno di quelli indicati deve aver visto la catena
  --quick               affida le firme delle voci ai collegamenti e alla radice
  --no-revocation       la revoca si giudica con altri mezzi
  --at ORA              giudica per quest'ora, non per adesso
  --json                il rapporto in JSON
  --lang en|it          lingua del rapporto

Codice di uscita: 0 TOTAL-PASSED, 1 TOTAL-FAILED, 2 INDETERMINATE (ETSI EN 319 102-1), 3 nessun verdetto: uso errato o illeggibile.
`

export const usage = (language: 'en' | 'it'): string => (language === 'it' ? IT : EN)
