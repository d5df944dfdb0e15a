import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPcscd, type PrivatePcscd } from '../../fakes/card/pcscd.ts'

/** When a card is pulled: at the command with this INS (hex) after `skip` such commands, before or after the card did it. */
export interface Pull {
  ins: string
  skip?: number
  after?: boolean
}

/** Two readers with virtual cards, the officer's (0) and the holder's (1), moved as a hand would. */
export interface Readers {
  readonly names: readonly [string, string]
  /** What the desk's process needs in its environment to see them. */
  readonly env: Readonly<Record<string, string>>
  /** Null where there is no pcscd. */
  readonly pcscd: PrivatePcscd | null
  insert(reader: 0 | 1, card: string): Promise<void>
  remove(reader: 0 | 1): Promise<void>
  pullOn(reader: 0 | 1, pull: Pull): Promise<void>
  /** The card takes this long for each command from now on. */
  slow(reader: 0 | 1, ms: number): Promise<void>
  stop(): Promise<void>
}

/** Readers of a pcscd of the test's own; each card is a process that speaks to it over vpcd. */
export async function startPcscReaders(cardFile: (card: string) => string): Promise<Readers> {
  const pcscd = await startPcscd()
  return {
    names: pcscd.readers,
    env: pcscd.env,
    pcscd,
    insert: async (reader, card) => void (await pcscd.cards[reader].insert(cardFile(card))),
    remove: async (reader) => void (await pcscd.cards[reader].remove()),
    pullOn: async (reader, { ins, ...when }) => void (await pcscd.cards[reader].pullOn(ins, when)),
    slow: async (reader, ms) => void (await pcscd.cards[reader].delay(ms)),
    stop: () => pcscd.stop(),
  }
}

interface Entry {
  name: string
  card: string | null
  pullOn?: Pull | null
  delayMs?: number
}

/** The in-process readers of the demonstration: `readers.json` says what is in them. Faster to start, no system part. */
export function virtualReaders(folder: string): Readers {
  const file = join(folder, 'readers.json')
  const read = () => (JSON.parse(readFileSync(file, 'utf8')) as { readers: [Entry, Entry] }).readers
  const change = (reader: 0 | 1, part: Partial<Entry>) => {
    const readers = read()
    readers[reader] = { ...readers[reader], ...part }
    const next = `${file}.next`
    writeFileSync(next, JSON.stringify({ readers }))
    renameSync(next, file)
    return Promise.resolve()
  }
  const [first, second] = read()
  return {
    names: [first.name, second.name],
    env: {},
    pcscd: null,
    insert: (reader, card) => {
      if (!existsSync(join(folder, 'cards', `${card}.json`))) throw new Error(`no such card: ${card}`)
      return change(reader, { card, pullOn: null })
    },
    remove: (reader) => change(reader, { card: null, pullOn: null }),
    pullOn: (reader, pullOn) => change(reader, { pullOn }),
    slow: (reader, delayMs) => change(reader, { delayMs }),
    stop: () => Promise.resolve(),
  }
}
