import type { ExportState, ExportView } from '../../../shared/contract/routes/exports.ts'
import type { Tone } from '../../ui/Tone.tsx'

export const EXPORT_TONES: Readonly<Record<ExportState, Tone>> = {
  waiting: 'idle',
  running: 'info',
  ready: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  gone: 'idle',
}

/** It may still be stopped, and is asked for again. */
export const isUnderWay = ({ state }: ExportView): boolean => state === 'waiting' || state === 'running'

/** Only who made the export may sign it: a card's signature is theirs. */
export const isSigned = ({ signers }: ExportView): boolean => signers.some(({ kind }) => kind === 'card')

/** How much of it is written, 0 to 100; 0 while nobody knows of how much. */
export const percentOf = ({ written, total }: ExportView): number =>
  total === null || total === 0 ? 0 : Math.min(100, Math.floor((written / total) * 100))

/** The one the address names; else the newest that can be signed; else the newest. */
export const chosenOf = (items: readonly ExportView[], id: string | undefined): ExportView | undefined =>
  items.find((view) => view.id === id) ?? items.find(({ state }) => state === 'ready') ?? items[0]
