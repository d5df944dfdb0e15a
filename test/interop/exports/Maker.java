import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.*;
import org.bouncycastle.asn1.ess.*;
import org.bouncycastle.asn1.x509.*;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.operator.jcajce.*;

/** BouncyCastle signs a file: arguments are the key (PKCS#8), the certificate (DER), the algorithm, the file, and where to. */
public class Maker {
  public static void main(String[] a) throws Exception {
    byte[] pkcs8 = Files.readAllBytes(Paths.get(a[0]));
    String kind = a[2].contains("ECDSA") ? "EC" : "RSA";
    PrivateKey key = KeyFactory.getInstance(kind).generatePrivate(new java.security.spec.PKCS8EncodedKeySpec(pkcs8));
    X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(Files.newInputStream(Paths.get(a[1])));
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
    GeneralName issuer = new GeneralName(org.bouncycastle.asn1.x500.X500Name.getInstance(certificate.getIssuerX500Principal().getEncoded()));
    ESSCertIDv2 id = new ESSCertIDv2(hash, new IssuerSerial(new GeneralNames(issuer), new ASN1Integer(certificate.getSerialNumber())));
    ASN1EncodableVector more = new ASN1EncodableVector();
    more.add(new org.bouncycastle.asn1.cms.Attribute(org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers.id_aa_signingCertificateV2,
        new DERSet(new SigningCertificateV2(new ESSCertIDv2[] { id }))));
    CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
    generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
        .setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(new AttributeTable(more)))
        .build(new JcaContentSignerBuilder(a[2]).build(key), certificate));
    generator.addCertificates(new JcaCertStore(List.of(certificate)));
    byte[] content = Files.readAllBytes(Paths.get(a[3]));
    Files.write(Paths.get(a[4]), generator.generate(new CMSProcessableByteArray(content), false).getEncoded());
    Files.write(Paths.get(a[5]), generator.generate(new CMSProcessableByteArray(content), true).getEncoded());
  }
}
