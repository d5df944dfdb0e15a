import type { TextSources } from '../ui/i18n.ts'

export const VERIFY_TEXTS: TextSources = {
  en: { verify: () => import('../text/en/verify.json') },
  it: { verify: () => import('../text/it/verify.json') },
}
