import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Security;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.CertPathBuilder;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuerSerial;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * What BouncyCastle says about CMS: verifies every signer with its signing-certificate attribute and path, every
 * time-stamp, and computes archive time-stamps by itself (ETSI EN 319 122-1 5.5.3); signs. Commands as in Judge.java, to
 * which all others are handed on, so that one JVM answers everything.
 */
public final class CmsJudge {
  static final ASN1ObjectIdentifier ARCHIVE = new ASN1ObjectIdentifier("0.4.0.1733.2.4");
  static final ASN1ObjectIdentifier INDEX = new ASN1ObjectIdentifier("0.4.0.19122.1.5");

  public static void main(String[] args) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      String[] words = line.split("\t");
      String answer;
      try {
        answer = switch (words[0]) {
          case "cms" -> judge(words);
          case "cms-sign" -> sign(words);
          case "xades-stamps" -> StampJudge.judge(words);
          case "verify" -> Judge.verify(words[2], Path.of(words[1]));
          case "validate" -> Judge.validate(words[2], words[1]);
          default -> throw new IllegalArgumentException(words[0]);
        };
      } catch (Exception error) {
        answer = "refused " + String.valueOf(error).replaceAll("\\s+", " ");
      }
      System.out.println(answer);
    }
  }

  static X509Certificate certificate(byte[] der) throws Exception {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  static void require(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  /** RFC 5280 by the JDK, without revocation: whether carried lists serve is asked of others. */
  static void path(X509CertificateHolder leaf, Collection<X509CertificateHolder> carried, X509Certificate root)
      throws Exception {
    List<X509Certificate> known = new ArrayList<>();
    for (X509CertificateHolder one : carried) known.add(certificate(one.getEncoded()));
    X509CertSelector target = new X509CertSelector();
    target.setCertificate(certificate(leaf.getEncoded()));
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(Set.of(new TrustAnchor(root, null)), target);
    parameters.setRevocationEnabled(false);
    parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(known)));
    CertPathBuilder.getInstance("PKIX").build(parameters);
  }

  static byte[] digest(AlgorithmIdentifier algorithm, byte[]... parts) throws Exception {
    MessageDigest state = MessageDigest.getInstance(algorithm.getAlgorithm().getId(), "BC");
    for (byte[] part : parts) state.update(part);
    return state.digest();
  }

  /** cms SIGNATURE CONTENT|- ROOT TIME-ROOT */
  static String judge(String[] words) throws Exception {
    byte[] encoded = Files.readAllBytes(Path.of(words[1]));
    byte[] content = words[2].equals("-") ? null : Files.readAllBytes(Path.of(words[2]));
    X509Certificate root = certificate(Files.readAllBytes(Path.of(words[3])));
    X509Certificate timeRoot = certificate(Files.readAllBytes(Path.of(words[4])));
    CMSSignedData data =
        content == null ? new CMSSignedData(encoded) : new CMSSignedData(new CMSProcessableByteArray(content), encoded);
    require(Arrays.equals(data.toASN1Structure().getEncoded(ASN1Encoding.DER), encoded), "not DER");
    if (content == null) content = (byte[]) data.getSignedContent().getContent();
    Collection<X509CertificateHolder> carried = data.getCertificates().getMatches(null);
    List<String> found = new ArrayList<>();
    for (SignerInformation signer : data.getSignerInfos().getSigners()) {
      found.add(judgeSigner(data, signer, content, carried, root, timeRoot));
    }
    found.sort(null);
    return "valid " + String.join(" ", found);
  }

  static String judgeSigner(
      CMSSignedData data,
      SignerInformation signer,
      byte[] content,
      Collection<X509CertificateHolder> carried,
      X509Certificate root,
      X509Certificate timeRoot)
      throws Exception {
    X509CertificateHolder leaf = (X509CertificateHolder) data.getCertificates().getMatches(signer.getSID()).iterator().next();
    require(
        signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(leaf)), "signature");
    SignerInfo info = signer.toASN1Structure();
    ASN1Set signed = info.getAuthenticatedAttributes();
    require(Arrays.equals(signed.getEncoded(), signed.getEncoded(ASN1Encoding.DER)), "attributes not DER");
    Attribute attribute = signer.getSignedAttributes().get(PKCSObjectIdentifiers.id_aa_signingCertificateV2);
    ESSCertIDv2 id = SigningCertificateV2.getInstance(attribute.getAttrValues().getObjectAt(0)).getCerts()[0];
    require(Arrays.equals(id.getCertHash(), digest(id.getHashAlgorithm(), leaf.getEncoded())), "ESSCertIDv2");
    require(id.getIssuerSerial().getSerial().getValue().equals(leaf.getSerialNumber()), "IssuerSerial");
    path(leaf, carried, root);

    AttributeTable unsigned = signer.getUnsignedAttributes();
    int stamps = 0;
    int archives = 0;
    if (unsigned != null) {
      ASN1EncodableVector all = unsigned.getAll(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken);
      for (int i = 0; i < all.size(); i++, stamps++) {
        TimeStampToken token = token(Attribute.getInstance(all.get(i)), carried, timeRoot);
        byte[] imprint = digest(token.getTimeStampInfo().getHashAlgorithm(), signer.getSignature());
        require(Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), imprint), "imprint");
      }
      all = unsigned.getAll(ARCHIVE);
      for (int i = 0; i < all.size(); i++, archives++) {
        archive(data, info, content, token(Attribute.getInstance(all.get(i)), carried, timeRoot));
      }
    }
    ASN1Set crls = SignedData.getInstance(data.toASN1Structure().getContent()).getCRLs();
    int lists = crls == null ? 0 : crls.size();
    return stamps == 0 ? "B-B" : lists == 0 ? "B-T" : archives == 0 ? "B-LT" : "B-LTA";
  }

  static TimeStampToken token(
      Attribute attribute, Collection<X509CertificateHolder> carried, X509Certificate timeRoot) throws Exception {
    require(attribute.getAttrValues().size() == 1, "one value");
    byte[] encoded = attribute.getAttrValues().getObjectAt(0).toASN1Primitive().getEncoded();
    TimeStampToken token = new TimeStampToken(new CMSSignedData(encoded));
    verify(token, carried, timeRoot);
    return token;
  }

  static void verify(TimeStampToken token, Collection<X509CertificateHolder> carried, X509Certificate timeRoot)
      throws Exception {
    X509CertificateHolder authority =
        (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
    token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(authority));
    List<X509CertificateHolder> known = new ArrayList<>(carried);
    known.addAll(token.getCertificates().getMatches(null));
    path(authority, known, timeRoot);
  }

  /** 5.5.2, 5.5.3, computed here from the standard and nothing of the signer's program. */
  static void archive(CMSSignedData data, SignerInfo info, byte[] content, TimeStampToken token) throws Exception {
    Attribute attribute = token.getUnsignedAttributes().get(INDEX);
    ASN1Sequence index = ASN1Sequence.getInstance(attribute.getAttrValues().getObjectAt(0));
    AlgorithmIdentifier hash = AlgorithmIdentifier.getInstance(index.getObjectAt(0));
    SignedData signed = SignedData.getInstance(data.toASN1Structure().getContent());
    contains(signed.getCertificates(), ASN1Sequence.getInstance(index.getObjectAt(1)), hash, "certificates");
    contains(signed.getCRLs(), ASN1Sequence.getInstance(index.getObjectAt(2)), hash, "crls");
    List<byte[]> values = new ArrayList<>();
    for (ASN1Encodable one : info.getUnauthenticatedAttributes()) {
      Attribute other = Attribute.getInstance(one);
      for (ASN1Encodable value : other.getAttrValues()) {
        values.add(digest(hash, other.getAttrType().getEncoded(), value.toASN1Primitive().getEncoded()));
      }
    }
    for (ASN1Encodable one : ASN1Sequence.getInstance(index.getObjectAt(3))) {
      byte[] wanted = ASN1OctetString.getInstance(one).getOctets();
      require(values.stream().anyMatch(value -> Arrays.equals(value, wanted)), "unsignedAttrs");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(signed.getEncapContentInfo().getContentType().getEncoded());
    out.write(digest(hash, content));
    out.write(info.getVersion().getEncoded());
    out.write(info.getSID().toASN1Primitive().getEncoded());
    out.write(info.getDigestAlgorithm().getEncoded());
    byte[] attributes = new DERSet(info.getAuthenticatedAttributes().toArray()).getEncoded(ASN1Encoding.DER);
    attributes[0] = (byte) 0xa0;
    out.write(attributes);
    out.write(info.getDigestEncryptionAlgorithm().getEncoded());
    out.write(info.getEncryptedDigest().getEncoded());
    out.write(index.getEncoded());
    byte[] imprint = digest(token.getTimeStampInfo().getHashAlgorithm(), out.toByteArray());
    require(Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), imprint), "archive imprint");
  }

  static void contains(ASN1Set items, ASN1Sequence digests, AlgorithmIdentifier hash, String what) throws Exception {
    List<byte[]> present = new ArrayList<>();
    for (ASN1Encodable item : items) present.add(digest(hash, item.toASN1Primitive().getEncoded()));
    for (ASN1Encodable one : digests) {
      byte[] wanted = ASN1OctetString.getInstance(one).getOctets();
      require(present.stream().anyMatch(value -> Arrays.equals(value, wanted)), what);
    }
  }

  /** cms-sign KEY KIND ALGORITHM CERTIFICATE CHAIN CONTENT attached|detached OUT: CAdES B-B as BouncyCastle makes it. */
  static String sign(String[] words) throws Exception {
    var key = KeyFactory.getInstance(words[2], "BC")
        .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(words[1]))));
    X509Certificate leaf = certificate(Files.readAllBytes(Path.of(words[4])));
    X509Certificate issuer = certificate(Files.readAllBytes(Path.of(words[5])));
    X509CertificateHolder holder = new X509CertificateHolder(leaf.getEncoded());
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(leaf.getEncoded());
    IssuerSerial serial =
        new IssuerSerial(new GeneralNames(new GeneralName(holder.getIssuer())), leaf.getSerialNumber());
    ESSCertIDv2 id = new ESSCertIDv2(new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256), hash, serial);
    ASN1EncodableVector attributes = new ASN1EncodableVector();
    attributes.add(
        new Attribute(PKCSObjectIdentifiers.id_aa_signingCertificateV2, new DERSet(new SigningCertificateV2(id))));
    CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
    generator.addSignerInfoGenerator(
        new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
            .setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(new AttributeTable(attributes)))
            .build(new JcaContentSignerBuilder(words[3]).setProvider("BC").build(key), leaf));
    generator.addCertificates(new JcaCertStore(List.of(leaf, issuer)));
    byte[] content = Files.readAllBytes(Path.of(words[6]));
    CMSSignedData made = generator.generate(new CMSProcessableByteArray(content), words[7].equals("attached"));
    Files.write(Path.of(words[8]), made.toASN1Structure().getEncoded(ASN1Encoding.DER));
    return "signed";
  }
}
