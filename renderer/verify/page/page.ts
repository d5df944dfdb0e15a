import type { Report } from '../../../shared/exports/index.ts'
import { NOTHING_PICKED, pickMore, subjectOf, type Picked } from '../picked-files.ts'
import type { DescribedCertificate } from '../protocol.ts'
import { describeCertificates, runCheck } from '../run-check.ts'
// The bundler makes this module: the worker as a string, so that one file is enough.
// oxlint-disable-next-line import/default
import CheckWorker from '../worker.ts?worker&inline'
import { make, reportView } from './report-view.ts'
import { textFor, type Language } from './texts.ts'

// The page that works from a file: no framework, nothing fetched. The console shows the same check its own way.

const find = (id: string): HTMLElement => {
  const element = document.getElementById(id)
  if (!element) throw new Error(id)
  return element
}
const makeWorker = (): Worker => new CheckWorker()
const button = find('check') as HTMLButtonElement
const progress = find('progress') as HTMLProgressElement
const drop = find('drop')
const report = find('report')
const languages = find('language') as HTMLSelectElement

let picked: Picked = NOTHING_PICKED
let trusted: readonly DescribedCertificate[] = []
let shown: Report | 'broken' | null = null
let running: AbortController | null = null

const languageNow = (): Language => (languages.value === 'it' ? 'it' : 'en')

const fileRows = (language: Language): readonly HTMLElement[] => {
  const words = textFor(language)
  return (['package', 'content', 'signature'] as const).flatMap((role) => {
    const file = picked[role]
    return file ? [make('li', '', make('small', '', `${words(['role', role])}: `), file.name)] : []
  })
}

const anchorRows = (language: Language): readonly HTMLElement[] => {
  const words = textFor(language)
  return trusted.map(({ name, issuer, notAfter, sha256 }) => {
    const until = `${words(['validUntil'])} ${new Date(notAfter).toLocaleDateString(language)}`
    return make(
      'li',
      '',
      name,
      make('small', '', ` \u00b7 ${issuer} \u00b7 ${until} \u00b7 ${words(['fingerprint'])} ${sha256}`),
    )
  })
}

const show = (): void => {
  const language = languageNow()
  const words = textFor(language)
  document.documentElement.lang = language
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]'))
    element.textContent = words((element.dataset['text'] ?? '').split('.'))
  find('picked').replaceChildren(...fileRows(language))
  find('trusted').replaceChildren(...anchorRows(language))
  button.textContent = words([running ? 'stop' : shown ? 'again' : 'check'])
  button.disabled = subjectOf(picked) === null || trusted.length === 0
  progress.hidden = running === null
  if (shown === null) report.replaceChildren()
  else if (shown === 'broken')
    report.replaceChildren(make('p', 'bad', words(['broken'])), make('p', '', words(['brokenTodo'])))
  else report.replaceChildren(...reportView(words, shown, language))
}

const pick = (files: readonly File[]): void => {
  picked = pickMore(picked, files)
  shown = null
  show()
}

const linesOf = (id: string): readonly string[] =>
  (find(id) as HTMLTextAreaElement).value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const check = async (): Promise<void> => {
  const subject = subjectOf(picked)
  if (!subject) return
  running = new AbortController()
  shown = null
  progress.value = 0
  show()
  const order = {
    subject,
    anchors: trusted.map(({ der }) => der),
    crls: [],
    depth: (find('quick') as HTMLInputElement).checked ? ('quick' as const) : ('full' as const),
    origins: linesOf('origins'),
    witnesses: linesOf('witnesses'),
  }
  const told = (done: number, total: number): void => {
    progress.value = total > 0 ? done / total : 0
  }
  try {
    shown = await runCheck(makeWorker, order, told, running.signal)
  } catch {
    // Stopped, or unreadable: both are no verdict.
    shown = running.signal.aborted ? null : 'broken'
  }
  running = null
  show()
  report.querySelector<HTMLElement>('.verdict')?.focus()
}

const trust = async (files: readonly File[]): Promise<void> => {
  for (const file of files) {
    try {
      const found = await describeCertificates(makeWorker, new Uint8Array(await file.arrayBuffer()))
      trusted = [...trusted, ...found.filter(({ sha256 }) => !trusted.some((one) => one.sha256 === sha256))]
    } catch {
      find('trusted').append(
        make('li', 'bad', textFor(languageNow())(['noCertificate']).replace('{{file}}', file.name)),
      )
      return
    }
  }
  shown = null
  show()
}

const filesOf = (event: Event): readonly File[] => [...((event.target as HTMLInputElement).files ?? [])]
find('files').addEventListener('change', (event) => pick(filesOf(event)))
find('anchors').addEventListener('change', (event) => void trust(filesOf(event)))
button.addEventListener('click', () => {
  if (running) running.abort()
  else void check()
})
languages.addEventListener('change', show)
for (const name of ['dragover', 'dragleave', 'drop'] as const) {
  document.addEventListener(name, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', name === 'dragover')
    if (name === 'drop') pick([...(event.dataTransfer?.files ?? [])])
  })
}
languages.value = navigator.language.startsWith('it') ? 'it' : 'en'
show()
