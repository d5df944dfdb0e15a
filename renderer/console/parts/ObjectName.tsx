import { useTranslation } from 'react-i18next'
import type { TFunction } from 'i18next'
import type { AuditEntryRow } from '../../../shared/contract/index.ts'
import { shownId } from '../format/shown-id.ts'
import css from './console.module.css'

/** The word for a type of object; the type itself where a newer server has one we do not know. */
export const objectTypeWord = (t: TFunction, type: string): string =>
  t(`common:objectType.${type}`, { defaultValue: type })

/** "Holder Anna Rossi"; of one that has no name, what tells it apart. */
export function ObjectName({ entry }: { entry: Pick<AuditEntryRow, 'objectType' | 'objectId' | 'objectName'> }) {
  const { t } = useTranslation('console')
  return (
    <>
      {objectTypeWord(t, entry.objectType)}{' '}
      {entry.objectName === null ? (
        <span className={`cs-mono ${css.quiet}`} title={entry.objectId}>
          {shownId(entry.objectId)}
        </span>
      ) : (
        <b>{entry.objectName}</b>
      )}
    </>
  )
}
