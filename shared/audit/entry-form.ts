/** Of the entry's form; another form gets another number, and verifiers refuse those they do not know. */
export const ENTRY_FORMAT = 1
export const NAME_MAX = 200
export const CHAIN_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/

/** The actions of the contract, by themselves: threads that walk a chain load nothing they do not need. */
export const AUDIT_ACTIONS: ReadonlySet<string> = new Set([
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
])
