import type { TextSources } from '../ui/i18n.ts'

/** One language is fetched, when it is needed. */
export const TEXTS: TextSources = {
  en: {
    console: () => import('../text/en/console.json'),
    common: () => import('../text/en/common.json'),
    errors: () => import('../text/en/errors.json'),
  },
  it: {
    console: () => import('../text/it/console.json'),
    common: () => import('../text/it/common.json'),
    errors: () => import('../text/it/errors.json'),
  },
}

/** Words of screens that are opened seldom, fetched with them. */
export const EXPORT_TEXTS: TextSources = {
  en: { exports: () => import('../text/en/exports.json') },
  it: { exports: () => import('../text/it/exports.json') },
}
