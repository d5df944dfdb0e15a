import { createInterface } from 'node:readline'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Readers = z.object({ readers: z.array(z.looseObject({ name: z.string(), card: z.string().nullable() })) })
const HELP = `  cards              the virtual cards, and which reader each is in
  insert CARD [N]    put a card into reader N (1 where left out)
  pull [N]           take the card out of reader N
  quit               stop everything`

/** What may be typed while a demonstration runs: cards in and out, as hands would. Needs a terminal. */
export function followCommands(readersFolder: string, quit: () => void): void {
  if (!process.stdin.isTTY) return
  const file = join(readersFolder, 'readers.json')
  const read = () => Readers.parse(JSON.parse(readFileSync(file, 'utf8')))
  const put = (index: number, card: string | null): string => {
    const state = read()
    const reader = state.readers[index]
    if (reader === undefined) return `There are readers 1 to ${state.readers.length}.`
    if (card !== null && !cardNames(readersFolder).includes(card)) return `No card "${card}". Type "cards".`
    for (const other of state.readers) if (other.card === card) other.card = null
    reader.card = card
    writeFileSync(`${file}.typed`, `${JSON.stringify(state, null, 2)}\n`)
    renameSync(`${file}.typed`, file)
    return card === null ? `${reader.name} is empty.` : `${card} is in ${reader.name}.`
  }
  const answer = (line: string): string => {
    const [verb = '', ...words] = line.trim().split(/\s+/)
    if (verb === '') return ''
    if (verb === 'quit' || verb === 'exit') {
      quit()
      return ''
    }
    if (verb === 'cards') {
      const places = new Map(read().readers.map(({ name, card }) => [card, name]))
      return cardNames(readersFolder)
        .map((name) => `  ${name.padEnd(14)} ${places.get(name) ?? ''}`)
        .join('\n')
    }
    if (verb === 'insert') return put(Number(words[1] ?? 1) - 1, words[0] ?? '')
    if (verb === 'pull') return put(Number(words[0] ?? 1) - 1, null)
    return HELP
  }
  createInterface({ input: process.stdin }).on('line', (line) => {
    const text = answer(line)
    if (text !== '') console.log(text)
  })
}

const cardNames = (folder: string): string[] =>
  readdirSync(join(folder, 'cards'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .sort()
