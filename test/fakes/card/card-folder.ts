import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCardFile } from './virtual-card.ts'
import { readState, type CardOptions, type CardState } from './card-state.ts'

/** Absolute path of the module that `{kind:'virtual', module}` wants. */
export const VIRTUAL_CARD_MODULE = fileURLToPath(new URL('./virtual-card.ts', import.meta.url))

export interface ReaderEntry {
  name: string
  card: string | null
  delayMs?: number
  pullOn?: { ins: string; skip?: number; after?: boolean } | null
  mute?: boolean
}

/** A folder of virtual readers and cards for a test. */
export interface CardFolder {
  readonly folder: string
  readonly config: { kind: 'virtual'; module: string; folder: string }
  /** Replaces `readers.json` in one step, as a person plugging and pulling would. */
  setReaders(readers: readonly ReaderEntry[]): void
  /** Changes one reader's entry. */
  setReader(name: string, change: Partial<ReaderEntry>): void
  cardFile(id: string): string
  cardState(id: string): CardState
  remove(): void
}

export function makeCardFolder(
  cards: Readonly<Record<string, CardOptions>>,
  readers: readonly ReaderEntry[],
): CardFolder {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-cards-'))
  mkdirSync(join(folder, 'cards'))
  const file = join(folder, 'readers.json')
  const cardFile = (id: string): string => join(folder, 'cards', `${id}.json`)
  const setReaders = (next: readonly ReaderEntry[]): void => {
    const text = JSON.stringify({ readers: next })
    writeFileSync(`${file}.test.tmp`, text)
    renameSync(`${file}.test.tmp`, file)
  }
  for (const [id, options] of Object.entries(cards)) createCardFile(cardFile(id), { label: id, ...options })
  setReaders(readers)
  return {
    folder,
    config: { kind: 'virtual', module: VIRTUAL_CARD_MODULE, folder },
    setReaders,
    setReader: (name, change) => {
      const now = (JSON.parse(readFileSync(file, 'utf8')) as { readers: ReaderEntry[] }).readers
      setReaders(now.map((entry) => (entry.name === name ? { ...entry, ...change } : entry)))
    },
    cardFile,
    cardState: (id) => readState(cardFile(id)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
