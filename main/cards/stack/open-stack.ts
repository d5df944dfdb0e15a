import { fileURLToPath } from 'node:url'
import { readCardTable } from '../card-table.ts'
import { openModule } from '../pkcs11/module-signer.ts'
import type { ReaderSource, VirtualCards } from '../reader/reader.ts'
import { openPcscReaders } from '../reader/pcsc/pcsc-reader.ts'
import { openVirtualReaders } from '../reader/virtual/virtual-reader.ts'
import { CardStack } from './card-stack.ts'
import { SealedBox } from './sealed-box.ts'

/** Which readers there are: the system's, or a folder of virtual ones whose card class `module` names by absolute path. */
export type ReadersConfig = { kind: 'pcsc' } | { kind: 'virtual'; module: string; folder: string }

/** Plain data, so that it can be sent to the worker. */
export interface CardStackConfig {
  readers: ReadersConfig
  /** Folder of the card table; default: `resources/cards` of the source tree. */
  cardTable?: string
  inspectDeadlineMs?: number
}

/** Opens readers, card table and PKCS#11 module. CONFIG_INVALID for a table that is wrong. */
export async function openCardStack(config: CardStackConfig): Promise<CardStack> {
  const table = readCardTable(config.cardTable ?? fileURLToPath(new URL('../../../resources/cards', import.meta.url)))
  const source: ReaderSource & Partial<VirtualCards> =
    config.readers.kind === 'pcsc' ? await openPcscReaders() : await openVirtualReaders(config.readers)
  const module = config.readers.kind === 'pcsc' ? openModule(table.modules) : null
  const { inspectDeadlineMs } = config
  const deadline = inspectDeadlineMs === undefined ? {} : { inspectDeadlineMs }
  return new CardStack({ source, table, box: await SealedBox.create(), module, ...deadline })
}
