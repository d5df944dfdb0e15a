import type { TextSources } from '../ui/i18n.ts'

/** Words of screens that few open, fetched with them. */
export const EXPORT_TEXTS: TextSources = {
  en: { exports: () => import('../text/en/exports.json') },
  it: { exports: () => import('../text/it/exports.json') },
}
