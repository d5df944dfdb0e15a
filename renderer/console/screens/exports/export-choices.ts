import {
  PDF_ENTRIES_MAX,
  SignatureLevel,
  type Completeness,
  type ExportEstimate,
  type ExportFormat,
} from '../../../../shared/contract/routes/exports.ts'

/** What a person has chosen so far; null: what the server would take by itself. */
export interface ExportChoices {
  readonly format: ExportFormat
  readonly level: SignatureLevel | null
  readonly completeness: Completeness | null
}

/** More than a report for people can hold. */
export const isTooManyForPdf = ({ entries, isMore }: ExportEstimate): boolean =>
  entries > PDF_ENTRIES_MAX || (isMore && entries >= PDF_ENTRIES_MAX)

/** The strongest level the server can make. */
export const strongest = (levels: readonly SignatureLevel[]): SignatureLevel =>
  SignatureLevel.options.findLast((level) => levels.includes(level)) ?? 'B-B'

/** What will be ordered: what cannot be had gives way to what can. */
export const settleChoices = (
  choices: ExportChoices,
  estimate: ExportEstimate,
): { format: ExportFormat; level: SignatureLevel; completeness: Completeness } => {
  const { format, level, completeness } = choices
  return {
    format: format === 'pdf' && isTooManyForPdf(estimate) ? 'jsonl' : format,
    level: level !== null && estimate.levels.includes(level) ? level : strongest(estimate.levels),
    completeness:
      completeness !== null && estimate.possible.includes(completeness) ? completeness : estimate.completeness,
  }
}
