import { zipLayout, type ZipLayout } from '../../shared/exports/index.ts'
import type { ExportRow } from '../db/repositories/exports.ts'
import type { PackageMember } from './ports.ts'

/** What a row keeps of its package's files: everything the ZIP is made of. */
export interface KeptMembers {
  /** Time of every member, UTC in ms. */
  readonly at: number
  readonly members: readonly PackageMember[]
}

export const keptMembers = (row: Pick<ExportRow, 'members'>): KeptMembers => JSON.parse(row.members) as KeptMembers
export const layoutOf = ({ at, members }: KeptMembers): ZipLayout => zipLayout(members, at)

/** A strong tag (RFC 9110 8.8.3): the manifest and its signatures name every byte of the ZIP. */
export const etagOf = ({ members }: KeptMembers): string =>
  `"${members
    .slice(-2)
    .map(({ sha256 }) => sha256.slice(0, 32))
    .join('-')}"`
