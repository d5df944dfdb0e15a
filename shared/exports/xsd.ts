/** Schema of `data/audit.xml`, put beside it. A signature may stand last (XML Signature). */
export const AUDIT_XSD = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:countersign:audit:1" targetNamespace="urn:countersign:audit:1" elementFormDefault="qualified" version="1">
  <xs:element name="audit">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="export" type="xs:string"/>
        <xs:element name="entry" type="Entry" minOccurs="0" maxOccurs="unbounded"/>
        <xs:any namespace="http://www.w3.org/2000/09/xmldsig#" processContents="lax" minOccurs="0"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="Entry">
    <xs:sequence>
      <xs:element name="at" type="xs:dateTime"/>
      <xs:element name="tenant" type="Named"/>
      <xs:element name="division" type="Named" minOccurs="0"/>
      <xs:element name="office" type="Named" minOccurs="0"/>
      <xs:element name="operator" minOccurs="0">
        <xs:complexType>
          <xs:attribute name="id" type="xs:string" use="required"/>
          <xs:attribute name="name" type="xs:string"/>
          <xs:attribute name="office" type="xs:string"/>
          <xs:attribute name="role" type="xs:string" use="required"/>
        </xs:complexType>
      </xs:element>
      <xs:element name="station" type="Named" minOccurs="0"/>
      <xs:element name="action" type="xs:string"/>
      <xs:element name="object">
        <xs:complexType>
          <xs:attribute name="id" type="xs:string" use="required"/>
          <xs:attribute name="type" type="xs:string" use="required"/>
        </xs:complexType>
      </xs:element>
      <xs:element name="correlation" type="xs:string"/>
      <xs:choice>
        <xs:sequence>
          <xs:element name="changed" type="xs:string" minOccurs="0"/>
          <xs:element name="reason" type="xs:string" minOccurs="0"/>
          <xs:element name="before" type="xs:string" minOccurs="0"/>
          <xs:element name="after" type="xs:string" minOccurs="0"/>
        </xs:sequence>
        <xs:element name="erased">
          <xs:complexType>
            <xs:attribute name="at" type="xs:dateTime" use="required"/>
            <xs:attribute name="by" type="xs:string" use="required"/>
            <xs:attribute name="rule" type="xs:string" use="required"/>
          </xs:complexType>
        </xs:element>
      </xs:choice>
      <xs:element name="intent" type="xs:string"/>
      <xs:element name="key" type="Base64Url"/>
      <xs:element name="payloadDigest" type="Base64Url"/>
      <xs:element name="previous" type="Base64Url"/>
      <xs:element name="signature" type="Base64Url"/>
    </xs:sequence>
    <xs:attribute name="chain" type="xs:string" use="required"/>
    <xs:attribute name="sequence" type="xs:nonNegativeInteger" use="required"/>
  </xs:complexType>
  <xs:complexType name="Named">
    <xs:attribute name="id" type="xs:string" use="required"/>
    <xs:attribute name="name" type="xs:string"/>
  </xs:complexType>
  <xs:simpleType name="Base64Url">
    <xs:restriction base="xs:string">
      <xs:pattern value="[A-Za-z0-9_\\-]+"/>
    </xs:restriction>
  </xs:simpleType>
</xs:schema>
`
