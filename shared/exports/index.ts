export { CHAIN_FILE_BYTES_MAX, ChainFile, encodeChainFile, parseChainFile } from './chain-file.ts'
export { CompactRange, edgeRanges, rightRanges } from './compact-range.ts'
export { crc32 } from './crc32.ts'
export { disclosedLine, headerLine, hiddenLine } from './evidence-line.ts'
export {
  encodeManifest,
  EvaluatedFilter,
  headOf,
  Manifest,
  ManifestChain,
  ManifestHead,
  parseManifest,
} from './manifest.ts'
export {
  chainName,
  compareMembers,
  DATA_SCHEMA,
  dataName,
  dataSignatureName,
  evidenceName,
  isMemberName,
  MANIFEST,
  MANIFEST_SIGNATURE,
  NAMES,
  README,
} from './members.ts'
export { lookupIn, recordNames, type NameLookup } from './name-lookup.ts'
export { encodeNames, Names, parseNames } from './names.ts'
export { CSV_COLUMNS } from './render-csv.ts'
export { EXPORT_NAMESPACE } from './render-xml.ts'
export { openRenderer, type DataFormat } from './renderer.ts'
export type { RenderContext, Renderer } from './rendering.ts'
export { rowOf } from './row-of.ts'
export type { ExportRow, RowSource } from './row.ts'
export { AUDIT_XSD } from './xsd.ts'
export { readZip, type RandomReader, type ReadZip } from './zip-read.ts'
export { zipLayout, type ZipLayout, type ZipMember, type ZipPiece } from './zip-layout.ts'
export { indicationOf, judge, type Indication, type Judged, type SubIndication } from './indication.ts'
export { openZipPackage, type Crc32, type PackageMember, type PackageReader } from './package-reader.ts'
export { reportOf, type Check, type CheckCode, type CheckName, type Facts, type Given, type Report } from './report.ts'
export { findInvalid, type SignatureJob, type SignaturePool } from './signature-pool.ts'
export type { Trust } from './trust.ts'
export { unreadablePackage, verifyPackage, type VerifyOptions } from './verify-package.ts'
export { PDF_ATTACHMENT } from './data-check.ts'
export { signatureFormatOf, verifyBareSignature, type BareSignature, type SignatureFormat } from './verify-signature.ts'
export { givenLines, weakened } from './given-text.ts'
export { meaningOf, sentenceOf, titleOf, verdictOf } from './report-text.ts'
