import { addTexts } from '../../ui/i18n.ts'
import { VERIFY_TEXTS } from '../../verify/texts.ts'
import { EXPORT_TEXTS } from '../texts.ts'

/** A screen and its words come together. */
const withExportTexts = async <T>(screen: Promise<T>): Promise<T> =>
  (await Promise.all([screen, addTexts(EXPORT_TEXTS)]))[0]

/** Each screen in a file of its own, fetched when it is opened, or beforehand when there is nothing else to do. */
export const SCREEN_LOADERS = {
  overview: async () => ({ default: (await import('../screens/overview/Overview.tsx')).Overview }),
  audit: async () => ({ default: (await import('../screens/audit/Audit.tsx')).Audit }),
  trail: async () => ({ default: (await import('../screens/Trail.tsx')).Trail }),
  verification: async () => ({ default: (await import('../screens/verification/Verification.tsx')).Verification }),
  exports: async () => ({ default: (await withExportTexts(import('../screens/exports/Exports.tsx'))).Exports }),
  'export-new': async () => ({
    default: (await withExportTexts(import('../screens/exports/NewExport.tsx'))).NewExport,
  }),
  check: async () => {
    const [screen] = await Promise.all([import('../screens/Check.tsx'), addTexts(VERIFY_TEXTS)])
    return { default: screen.Check }
  },
  keys: async () => ({ default: (await withExportTexts(import('../screens/keys/Keys.tsx'))).Keys }),
  chains: async () => ({ default: (await import('../screens/chains/Chains.tsx')).Chains }),
  retention: async () => ({ default: (await import('../screens/retention/Retention.tsx')).Retention }),
  access: async () => ({ default: (await import('../screens/access/Access.tsx')).Access }),
  'access-review': async () => ({ default: (await import('../screens/access/AccessReview.tsx')).AccessReview }),
  alarms: async () => ({ default: (await import('../screens/alarms/Alarms.tsx')).Alarms }),
  jobs: async () => ({ default: (await import('../screens/jobs/Jobs.tsx')).Jobs }),
  mail: async () => ({ default: (await import('../screens/jobs/Mail.tsx')).Mail }),
  health: async () => ({ default: (await import('../screens/Health.tsx')).Health }),
  operators: async () => ({ default: (await import('../screens/Operators.tsx')).Operators }),
  stations: async () => ({ default: (await import('../screens/Stations.tsx')).Stations }),
} as const

/** Fetches all screens, so that they open also while the server is out of reach. What cannot be had now is fetched later. */
export const fetchScreensAhead = async (): Promise<void> => {
  await Promise.allSettled(Object.values(SCREEN_LOADERS).map((load) => load()))
}
