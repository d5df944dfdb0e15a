import type { HashName, SignatureAlgorithm } from '../pki/index.ts'
import type { Canonicalization } from './canonical.ts'
import type { XmlDocument, XmlElement } from './xml-node.ts'

/** What is in a signature, in the only shapes accepted; nothing verified yet. */
export interface XadesParts {
  readonly document: XmlDocument
  /** `enveloped`: last child of the root it signs; `detached`: a document of its own, over a file. */
  readonly form: 'enveloped' | 'detached'
  readonly signature: XmlElement
  readonly signedInfo: XmlElement
  readonly signedInfoMethod: Canonicalization
  readonly algorithm: SignatureAlgorithm
  readonly signatureValue: XmlElement
  readonly value: Uint8Array
  readonly keyInfo: XmlElement
  /** DER. */
  readonly certificates: readonly Uint8Array[]
  /** Both, in the order of SignedInfo. */
  readonly references: readonly XadesReference[]
  readonly qualifyingProperties: XmlElement
  readonly signedProperties: XmlElement
  readonly signed: SignedProperties
  readonly unsignedContainer: XmlElement | null
  readonly unsigned: readonly UnsignedProperty[]
}

export interface XadesReference {
  readonly to: 'content' | 'properties'
  readonly uri: string
  /** Of what is referred to; not used for a file, whose octets are digested as they are. */
  readonly method: Canonicalization
  readonly hash: HashName
  readonly digest: Uint8Array
}

export interface SignedProperties {
  readonly signingTime: Date
  readonly mimeType: string
  readonly certificateHash: HashName
  readonly certificateDigest: Uint8Array
  /** DER, or null where the property has none. */
  readonly issuerSerial: Uint8Array | null
}

export interface CarriedValues {
  /** DER. */
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
  readonly ocsp: readonly Uint8Array[]
}

export interface StampProperty {
  readonly kind: 'signature-time-stamp' | 'archive-time-stamp'
  readonly element: XmlElement
  readonly method: Canonicalization
  /** DER of the token. */
  readonly token: Uint8Array
}

/** Unsigned properties in document order, which is the order in which they came. */
export type UnsignedProperty =
  | StampProperty
  | {
      readonly kind: 'certificate-values' | 'revocation-values' | 'validation-data'
      readonly element: XmlElement
      readonly values: CarriedValues
    }
