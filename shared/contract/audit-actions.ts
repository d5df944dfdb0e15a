/** What an audit entry may say was done. By itself: threads that walk a chain load nothing they do not need. */
export const AUDIT_ACTIONS = [
  'Insertion',
  'Modification',
  'Deletion',
  'Login',
  'LoginFailed',
  'Logout',
  'Disclosure',
  'Export',
  'Verification',
  'KeyUse',
  'ConfigurationRead',
  'AccessDenied',
] as const
