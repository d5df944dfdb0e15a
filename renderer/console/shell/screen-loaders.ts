/** Each screen in a file of its own, fetched when it is opened, or beforehand when there is nothing else to do. */
export const SCREEN_LOADERS = {
  overview: async () => ({ default: (await import('../screens/Overview.tsx')).Overview }),
  audit: async () => ({ default: (await import('../screens/audit/Audit.tsx')).Audit }),
  trail: async () => ({ default: (await import('../screens/Trail.tsx')).Trail }),
  verification: async () => ({ default: (await import('../screens/verification/Verification.tsx')).Verification }),
  health: async () => ({ default: (await import('../screens/Health.tsx')).Health }),
  operators: async () => ({ default: (await import('../screens/Operators.tsx')).Operators }),
  stations: async () => ({ default: (await import('../screens/Stations.tsx')).Stations }),
} as const

/** Fetches all screens, so that they open also while the server is out of reach. What cannot be had now is fetched later. */
export const fetchScreensAhead = async (): Promise<void> => {
  await Promise.allSettled(Object.values(SCREEN_LOADERS).map((load) => load()))
}
