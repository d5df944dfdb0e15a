import type { ChainLines, CheckedLine } from './chain-lines.ts'
import { isSelected } from './filter.ts'
import type { Manifest, ManifestChain } from './manifest.ts'
import { failed, passed, type Check } from './report.ts'
import { selectionFacts } from './selection-check.ts'

/**
 * Whether nothing that was to be selected is left out, as far as the manifest claims it, line by line: what is disclosed
 * was to be selected, what stands there as a header only was not.
 */
export class Completeness {
  readonly #manifest: Manifest
  #fault: { readonly sequence: number; readonly what: string } | null = null
  #first: { readonly at: number; readonly isSelected: boolean } | null = null
  #last: { readonly at: number; readonly isSelected: boolean } | null = null

  constructor(manifest: Manifest) {
    this.#manifest = manifest
  }

  take({ kind, sequence, entry }: CheckedLine): void {
    const { search, completeness } = this.#manifest
    if (!entry || !search.evaluated) return
    const wanted = isSelected(search.filter, entry)
    const isDisclosed = kind === 'disclosed'
    if (wanted !== isDisclosed) this.#fault ??= { sequence, what: isDisclosed ? 'not-selected' : 'left-out' }
    if (completeness === 'inclusion') return
    const place = { at: entry.at, isSelected: wanted }
    this.#first ??= place
    this.#last = place
  }

  /**
   * After the last line of a chain whose lines all fit. `until`: when its checkpoint is proved to have been there; whoever
   * seals chooses the checkpoint, and what came after it is in no claim.
   */
  checkOf(
    lines: ChainLines,
    said: ManifestChain,
    { size, until }: { readonly size: number; readonly until: string | null },
  ): Check {
    const { completeness } = this.#manifest
    const { disclosed, headers, hidden } = lines.counts
    const about = { check: 'completeness', subject: said.chain } as const
    const fault = this.#fault ?? this.#findFault(lines, said, size)
    if (fault) {
      const facts = { ...fault, completeness }
      return failed({ ...about, code: 'fault', sub: 'GENERIC', indication: 'TOTAL-FAILED', facts })
    }
    const { beginning, first: from, last: to } = lines
    const counted = { from, to, size, disclosed, headers, hidden, beginning }
    const facts = { ...counted, ...selectionFacts(this.#manifest), ...(completeness === 'inclusion' ? {} : { until }) }
    // A leaf shows neither tenant nor office: that it was left out rightly is the exporter's word.
    if (hidden > 0) return failed({ ...about, code: 'unjudged', sub: 'GENERIC', indication: 'INDETERMINATE', facts })
    return passed({ ...about, code: completeness, facts })
  }

  #findFault(lines: ChainLines, said: ManifestChain, size: number): { sequence: number; what: string } | null {
    const { disclosed, headers, hidden } = lines.counts
    const isCounted = disclosed === said.disclosed && headers === said.headers && hidden === said.hidden
    if (!isCounted || lines.first !== said.from || lines.last !== said.to)
      return { sequence: lines.first ?? 0, what: 'counts' }
    const { completeness, search } = this.#manifest
    if (completeness === 'inclusion' || completeness === 'whole') return null
    if (!search.evaluated) return { sequence: 0, what: 'not-evaluated' }
    return this.#findOpenEnd(lines, search.filter, size)
  }

  /**
   * A stretch ends where the chain does, or at an entry that shows that time had not come or was over. Times are those of
   * the entries, which the chain does not order: a clock that was set back is not seen.
   */
  #findOpenEnd(lines: ChainLines, filter: { from?: number | undefined; to?: number | undefined }, size: number) {
    const { first, last } = lines
    if (first === null || last === null)
      return size > lines.beginning ? { sequence: lines.beginning, what: 'missing' } : null
    const isBefore =
      filter.from !== undefined && this.#first !== null && !this.#first.isSelected && this.#first.at < filter.from
    if (first !== lines.beginning && !isBefore) return { sequence: first, what: 'open-begin' }
    const isAfter =
      filter.to !== undefined && this.#last !== null && !this.#last.isSelected && this.#last.at >= filter.to
    return last === size - 1 || isAfter ? null : { sequence: last, what: 'open-end' }
  }
}
