import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.Source;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.w3c.dom.bootstrap.DOMImplementationRegistry;
import org.w3c.dom.ls.DOMImplementationLS;
import org.w3c.dom.ls.LSInput;

/**
 * What the JDK says about signatures: verify with its own XML Signature, validate against the schemas, sign. Reads a file
 * of commands, one a line, tabs between the words, since starting a JVM for each is slow; prints one line for each.
 */
public final class Judge {
  static final String DS = XMLSignature.XMLNS;
  static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";
  static Schema schema;

  public static void main(String[] args) throws Exception {
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      String[] words = line.split("\t");
      System.out.println(
          switch (words[0]) {
            case "verify" -> verify(words[2], Path.of(words[1]));
            case "validate" -> validate(words[2], words[1]);
            case "sign" -> sign(words);
            default -> throw new IllegalArgumentException(words[0]);
          });
    }
  }

  static Document read(String file) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    Document document = factory.newDocumentBuilder().parse(new File(file));
    NodeList all = document.getElementsByTagName("*");
    for (int i = 0; i < all.getLength(); i++) {
      Element element = (Element) all.item(i);
      if (element.hasAttributeNS(null, "Id")) element.setIdAttributeNS(null, "Id", true);
    }
    return document;
  }

  /** Any reference to a file is given the content. */
  static URIDereferencer over(XMLSignatureFactory factory, Path content) {
    return (reference, context) -> {
      String uri = reference.getURI();
      if (uri.isEmpty() || uri.startsWith("#")) return factory.getURIDereferencer().dereference(reference, context);
      try {
        return new OctetStreamData(new ByteArrayInputStream(Files.readAllBytes(content)));
      } catch (java.io.IOException error) {
        throw new javax.xml.crypto.URIReferenceException(error);
      }
    };
  }

  static X509Certificate certificate(InputStream in) throws Exception {
    return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
  }

  static String verify(String file, Path content) throws Exception {
    Document document = read(file);
    Node first = document.getElementsByTagNameNS(DS, "X509Certificate").item(0);
    byte[] der = java.util.Base64.getMimeDecoder().decode(first.getTextContent());
    Key key = certificate(new ByteArrayInputStream(der)).getPublicKey();
    DOMValidateContext context = new DOMValidateContext(key, document.getElementsByTagNameNS(DS, "Signature").item(0));
    XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
    context.setURIDereferencer(over(factory, content));
    context.setProperty("org.jcp.xml.dsig.secureValidation", true);
    try {
      return factory.unmarshalXMLSignature(context).validate(context) ? "valid" : "invalid";
    } catch (Exception error) {
      return "error " + error.getMessage();
    }
  }

  /** All three; what they import is found among them, never fetched. */
  static Schema schemas(String folder) throws Exception {
    DOMImplementationLS maker =
        (DOMImplementationLS) DOMImplementationRegistry.newInstance().getDOMImplementation("LS");
    SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
    String[] names = {"xmldsig-core-schema.xsd", "XAdES01903v132-202407.xsd", "XAdES01903v141-202407.xsd"};
    factory.setResourceResolver((type, namespace, publicId, systemId, base) -> {
      String name = XADES.equals(namespace) ? names[1] : DS.equals(namespace) ? names[0] : names[2];
      LSInput input = maker.createLSInput();
      input.setSystemId(name);
      try {
        input.setByteStream(Files.newInputStream(Path.of(folder, name)));
      } catch (java.io.IOException error) {
        throw new IllegalStateException(error);
      }
      return input;
    });
    Source[] sources = new Source[names.length];
    for (int i = 0; i < names.length; i++) sources[i] = new StreamSource(new File(folder, names[i]));
    return factory.newSchema(sources);
  }

  static String validate(String file, String folder) throws Exception {
    if (schema == null) schema = schemas(folder);
    try {
      Node signature = read(file).getElementsByTagNameNS(DS, "Signature").item(0);
      schema.newValidator().validate(new DOMSource(signature));
      return "valid";
    } catch (org.xml.sax.SAXException error) {
      return "invalid " + error.getMessage().replaceAll("\\s+", " ");
    }
  }

  /** sign KEY CERTIFICATE KIND SIGNATURE-URI CANONICALIZATION TEMPLATE CONTENT OUT: fills QualifyingProperties of TEMPLATE. */
  static String sign(String[] args) throws Exception {
    XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
    byte[] pkcs8 = Files.readAllBytes(Path.of(args[1]));
    X509Certificate certificate = certificate(Files.newInputStream(Path.of(args[2])));
    Document properties = read(args[6]);
    String canonical = args[5];
    DigestMethod sha256 = factory.newDigestMethod(DigestMethod.SHA256, null);
    Reference content = factory.newReference("export.csv", sha256, List.of(), null, "J-content");
    Transform transform = factory.newTransform(canonical, (TransformParameterSpec) null);
    Reference signed = factory.newReference(
        "#J-properties", sha256, List.of(transform), "http://uri.etsi.org/01903#SignedProperties", null);
    var info = factory.newSignedInfo(
        factory.newCanonicalizationMethod(canonical, (C14NMethodParameterSpec) null),
        factory.newSignatureMethod(args[4], null),
        List.of(content, signed));
    var keys = factory.getKeyInfoFactory();
    var data = keys.newKeyInfo(List.of(keys.newX509Data(List.of(certificate))));
    Document out = DocumentBuilderFactory.newInstance().newDocumentBuilder().newDocument();
    Element qualifying = (Element) out.importNode(properties.getDocumentElement(), true);
    Element inner = (Element) qualifying.getElementsByTagNameNS(XADES, "SignedProperties").item(0);
    DOMSignContext context = new DOMSignContext(
        KeyFactory.getInstance(args[3]).generatePrivate(new PKCS8EncodedKeySpec(pkcs8)), out);
    context.setDefaultNamespacePrefix("dsig");
    context.setURIDereferencer(over(factory, Path.of(args[7])));
    context.setIdAttributeNS(inner, null, "Id");
    var object = factory.newXMLObject(List.of(new DOMStructure(qualifying)), null, null, null);
    factory.newXMLSignature(info, data, List.of(object), "J", null).sign(context);
    TransformerFactory.newInstance().newTransformer().transform(new DOMSource(out), new StreamResult(new File(args[8])));
    return "signed";
  }
}
