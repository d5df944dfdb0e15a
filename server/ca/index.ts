export { internalCaConfig, type InternalCaConfig } from './config.ts'
export type {
  CaGateway,
  CertificateProfileName,
  CertificateStatus,
  CertificateSubject,
  FinalRevocationReason,
  IssuedCertificate,
  IssueRequest,
  PublishedCrl,
} from './gateway.ts'
export { InternalCa, openInternalCa } from './internal/gateway.ts'
export { initInternalCa, type InternalCaParts } from './internal/init.ts'
export { PROFILES, type CertificateProfile } from './profiles.ts'
export {
  ensureServerTls,
  issueServerCertificate,
  type ServerCertificateRequest,
  type ServerTls,
} from './server-certificate.ts'
export type { CaName, CaStore, CertificateReservation, StoredCertificate, StoredCrl, StoredStatus } from './store.ts'
