import type { Role } from './words.ts'

/**
 * Who may do what, as data: one rule set for the server's checks and list filters and for what screens show.
 * A grant (role in a scope) gives the role's rights inside its scope; several grants add up; nothing else is allowed.
 */
export const RIGHTS = [
  'holder.read',
  'holder.write',
  'enrolment.read',
  'enrolment.write',
  'enrolment.sign',
  'card.read',
  'card.personalise',
  'card.unblock',
  'certificate.read',
  'certificate.revoke',
  'profile.read',
  'trail.read',
  'audit.read',
  'audit.verify',
  /** Takes entries out of the system, signed. */
  'audit.export',
  /** What is kept how long, and what cleaning and erasing did. */
  'retention.read',
  /** Sets window and retention, runs cleaning, asks for an erasure. */
  'retention.manage',
  /** Confirms or refuses an erasure another person asked for. */
  'erasure.approve',
  /** Sign-ins and failures of administrators, and their yearly review. */
  'access.read',
  'access.review',
  'alarm.read',
  'alarm.acknowledge',
  'job.read',
  'job.manage',
  'mail.manage',
  'health.read',
  /** Which keys the key store holds, what each is for, its certificate. */
  'key.read',
  /** Hands the audit chain to its next key. */
  'key.manage',
  'operator.read',
  'station.read',
  /** Lets a station that was set up anew bind another witness key. */
  'witness.manage',
  'console.use',
  'session.own',
] as const
export type Right = (typeof RIGHTS)[number]

const own = ['session.own', 'profile.read'] as const
export const ROLE_RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  RO: [
    ...own,
    'holder.read',
    'holder.write',
    'enrolment.read',
    'enrolment.write',
    'enrolment.sign',
    'card.read',
    'card.personalise',
    'certificate.read',
    'certificate.revoke',
    'trail.read',
  ],
  DO: [...own, 'holder.read', 'enrolment.read', 'card.read', 'certificate.read'],
  BO: [...own, 'holder.read', 'enrolment.read', 'card.read', 'certificate.read', 'trail.read', 'station.read'],
  HD: [...own, 'holder.read', 'card.read', 'card.unblock', 'certificate.read'],
  SA: [
    ...own,
    'health.read',
    'key.read',
    'key.manage',
    'operator.read',
    'station.read',
    'console.use',
    'retention.read',
    'retention.manage',
    'alarm.read',
    'alarm.acknowledge',
    'job.read',
    'job.manage',
    'mail.manage',
    'witness.manage',
  ],
  AO: [
    ...own,
    'audit.read',
    'audit.verify',
    'audit.export',
    'trail.read',
    'retention.read',
    'erasure.approve',
    'access.read',
    'access.review',
    'alarm.read',
    'alarm.acknowledge',
    'job.read',
    'health.read',
    'key.read',
    'console.use',
  ],
  TH: [...own],
}
export const rolesWith = (right: Right): Role[] =>
  (Object.keys(ROLE_RIGHTS) as Role[]).filter((role) => ROLE_RIGHTS[role].includes(right))
export const hasRight = (roles: readonly Role[], right: Right): boolean =>
  roles.some((role) => ROLE_RIGHTS[role].includes(right))
