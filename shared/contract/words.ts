import { z } from 'zod'
import { AUDIT_ACTIONS } from './audit-actions.ts'

/** The closed word lists of the domain. Every list here is the one used in code, screens, API and database. */
export const Role = z.enum(['RO', 'DO', 'BO', 'HD', 'SA', 'AO', 'TH'])
export type Role = z.infer<typeof Role>

export const EnrolmentState = z.enum([
  'draft',
  'proofed',
  'awaiting-approval',
  'approved',
  'personalising',
  'interrupted',
  'issued',
  'handed-over',
  'cancelled',
  'rejected',
])
export type EnrolmentState = z.infer<typeof EnrolmentState>

export const CardState = z.enum(['blank', 'personalising', 'active', 'suspended', 'terminated'])
export type CardState = z.infer<typeof CardState>

export const CertificateState = z.enum(['requested', 'issued', 'suspended', 'revoked', 'expired'])
export type CertificateState = z.infer<typeof CertificateState>

/** RFC 5280 §5.3.1 reason names that a person may choose. */
export const RevocationReason = z.enum([
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
])
export type RevocationReason = z.infer<typeof RevocationReason>

export const SecretKind = z.enum(['pin', 'puk', 'management-key'])
export type SecretKind = z.infer<typeof SecretKind>

export const AuditAction = z.enum(AUDIT_ACTIONS)
export type AuditAction = z.infer<typeof AuditAction>

export const ObjectType = z.enum([
  'operator',
  'grant',
  'station',
  'session',
  'holder',
  'proofing',
  'enrolment',
  'card',
  'certificate',
  'crl',
  'secret-code',
  'audit-key',
  'audit-verification',
  'audit-payload',
  'audit-checkpoint',
  'audit-cut',
  'audit-erasure',
  'audit-filter',
  'audit-retention',
  'audit-witness',
  'access-review',
  'export',
  'key',
  'alarm',
  'job',
  'schedule',
  'mail-settings',
  'office',
  'division',
  'server',
  'console-request',
  'route',
])
export type ObjectType = z.infer<typeof ObjectType>

/** PIV key references that a card profile may use (NIST SP 800-73-4 part 1, table 4b). */
export const Slot = z.enum(['9A', '9C', '9D', '9E'])
export type Slot = z.infer<typeof Slot>

export const CardKeyAlgorithm = z.enum(['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'])
export type CardKeyAlgorithm = z.infer<typeof CardKeyAlgorithm>

/** The two ways to use an operator's key: a PKCS#11 module of the card table, or PIV commands with no middleware. */
export const KeyPath = z.enum(['piv', 'pkcs11'])
export type KeyPath = z.infer<typeof KeyPath>

export const DocumentType = z.enum(['passport', 'identity-card', 'residence-permit', 'driving-licence'])
export type DocumentType = z.infer<typeof DocumentType>

/** Face-feature checklist of ETSI TS 119 461 §8.3: what the officer compared between the person and the document. */
export const FaceFeature = z.enum([
  'overall-likeness',
  'face-shape',
  'eyes',
  'nose',
  'mouth-and-chin',
  'ears',
  'scars-and-marks',
  'apparent-age',
])
export type FaceFeature = z.infer<typeof FaceFeature>
