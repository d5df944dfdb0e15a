/** What was asked for on the command line. Files are names; nothing is read yet. */
export interface Wanted {
  readonly file: string
  readonly signature: string | null
  readonly anchors: readonly string[]
  readonly timeStampAnchors: readonly string[]
  readonly intermediates: readonly string[]
  readonly crls: readonly string[]
  readonly ocsp: readonly string[]
  readonly origins: readonly string[]
  readonly witnesses: readonly string[]
  readonly signers: readonly string[]
  readonly depth: 'full' | 'quick'
  readonly revocation: 'require' | 'none'
  readonly isJson: boolean
  readonly language: 'en' | 'it'
  readonly at: Date
}

/** Wrong use: told in a sentence, exit code 3. */
export class UsageError extends Error {}

const LISTS = {
  '--anchor': 'anchors',
  '--tsa-anchor': 'timeStampAnchors',
  '--intermediate': 'intermediates',
  '--crl': 'crls',
  '--ocsp': 'ocsp',
  '--origin': 'origins',
  '--witness': 'witnesses',
  '--signer': 'signers',
} as const

const isList = (word: string): word is keyof typeof LISTS => Object.hasOwn(LISTS, word)

const languageOf = (word: string): 'en' | 'it' => {
  if (word !== 'en' && word !== 'it') throw new UsageError(`--lang ${word}: en or it`)
  return word
}

const timeOf = (word: string): Date => {
  const at = new Date(word)
  if (Number.isNaN(at.getTime())) throw new UsageError(`--at ${word}: a time such as 2026-11-22T12:00:00Z`)
  return at
}

/** Throws UsageError. `--help` is the caller's. */
export const parseArguments = (words: readonly string[], now: Date, locale: string): Wanted => {
  const files: string[] = []
  const lists: Record<(typeof LISTS)[keyof typeof LISTS], string[]> = {
    anchors: [],
    timeStampAnchors: [],
    intermediates: [],
    crls: [],
    ocsp: [],
    origins: [],
    witnesses: [],
    signers: [],
  }
  let [language, at, isJson] = [locale.startsWith('it') ? ('it' as const) : ('en' as const), now, false]
  let [depth, revocation]: ['full' | 'quick', 'require' | 'none'] = ['full', 'require']
  const rest = [...words]
  const value = (option: string): string => {
    const next = rest.shift()
    if (next === undefined) throw new UsageError(`${option}: something must follow`)
    return next
  }
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (isList(word)) lists[LISTS[word]].push(value(word))
    else if (word === '--lang') language = languageOf(value(word))
    else if (word === '--at') at = timeOf(value(word))
    else if (word === '--json') isJson = true
    else if (word === '--quick') depth = 'quick'
    else if (word === '--no-revocation') revocation = 'none'
    else if (word.startsWith('--')) throw new UsageError(`${word}: no such option`)
    else files.push(word)
  }
  const [file, signature = null] = files
  if (file === undefined || files.length > 2) throw new UsageError('one package, or one file and its signature')
  return { file, signature, ...lists, depth, revocation, isJson, language, at }
}
