import com.sun.org.apache.xml.internal.security.Init;
import com.sun.org.apache.xml.internal.security.c14n.Canonicalizer;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.tsp.TimeStampToken;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * The time-stamps of a XAdES signature, computed from ETSI EN 319 132-1 (5.3, 5.5.2.2) with the canonicalizer of the JDK
 * and the tokens of BouncyCastle, and nothing of the program that made it.
 */
final class StampJudge {
  static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";
  static final String XADES141 = "http://uri.etsi.org/01903/v1.4.1#";

  static Element one(Node parent, String namespace, String name) {
    Element found = null;
    for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (!(child instanceof Element element)) continue;
      if (!namespace.equals(element.getNamespaceURI()) || !name.equals(element.getLocalName())) continue;
      CmsJudge.require(found == null, "two of " + name);
      found = element;
    }
    return found;
  }

  static byte[] canonical(Node node, String method) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Canonicalizer.getInstance(method).canonicalizeSubtree(node, out);
    return out.toByteArray();
  }

  static String methodOf(Element stamp) {
    return one(stamp, Judge.DS, "CanonicalizationMethod").getAttribute("Algorithm");
  }

  /** xades-stamps SIGNATURE CONTENT TIME-ROOT */
  static String judge(String[] words) throws Exception {
    Init.init();
    Document document = Judge.read(words[1]);
    X509Certificate root = CmsJudge.certificate(Files.readAllBytes(Path.of(words[3])));
    Element signature = (Element) document.getElementsByTagNameNS(Judge.DS, "Signature").item(0);
    Element object = one(signature, Judge.DS, "Object");
    Element qualifying = one(object, XADES, "QualifyingProperties");
    Element unsigned = one(qualifying, XADES, "UnsignedProperties");
    if (unsigned == null) return "valid 0 0";
    Element properties = one(unsigned, XADES, "UnsignedSignatureProperties");
    int stamps = 0;
    int archives = 0;
    for (Node child = properties.getFirstChild(); child != null; child = child.getNextSibling()) {
      Element property = (Element) child;
      if (property.getLocalName().equals("SignatureTimeStamp")) {
        byte[] over = canonical(one(signature, Judge.DS, "SignatureValue"), methodOf(property));
        compare(property, over, root);
        stamps++;
      } else if (property.getLocalName().equals("ArchiveTimeStamp")) {
        CmsJudge.require(XADES141.equals(property.getNamespaceURI()), "ArchiveTimeStamp of 1.4.1");
        compare(property, archive(document, signature, qualifying, property, Path.of(words[2])), root);
        archives++;
      }
    }
    return "valid " + stamps + " " + archives;
  }

  static byte[] archive(Document document, Element signature, Element qualifying, Element stamp, Path content)
      throws Exception {
    String method = methodOf(stamp);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Element info = one(signature, Judge.DS, "SignedInfo");
    for (Node child = info.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child.getLocalName() == null || !child.getLocalName().equals("Reference")) continue;
      String uri = ((Element) child).getAttribute("URI");
      if (uri.startsWith("#")) {
        Element signed = one(qualifying, XADES, "SignedProperties");
        CmsJudge.require(uri.equals("#" + signed.getAttribute("Id")), "reference");
        out.write(canonical(signed, Canonicalizer.ALGO_ID_C14N_EXCL_OMIT_COMMENTS));
      } else if (uri.isEmpty()) {
        Document copy = (Document) document.cloneNode(true);
        Node inside = copy.getElementsByTagNameNS(Judge.DS, "Signature").item(0);
        inside.getParentNode().removeChild(inside);
        out.write(canonical(copy.getDocumentElement(), Canonicalizer.ALGO_ID_C14N_EXCL_OMIT_COMMENTS));
      } else {
        out.write(Files.readAllBytes(content));
      }
    }
    for (String name : List.of("SignedInfo", "SignatureValue", "KeyInfo")) {
      out.write(canonical(one(signature, Judge.DS, name), method));
    }
    for (Node before = stamp.getParentNode().getFirstChild(); before != stamp; before = before.getNextSibling()) {
      out.write(canonical(before, method));
    }
    return out.toByteArray();
  }

  static void compare(Element stamp, byte[] over, X509Certificate root) throws Exception {
    String text = one(stamp, XADES, "EncapsulatedTimeStamp").getTextContent();
    TimeStampToken token = new TimeStampToken(new CMSSignedData(Base64.getMimeDecoder().decode(text)));
    CmsJudge.verify(token, List.of(), root);
    byte[] imprint = CmsJudge.digest(token.getTimeStampInfo().getHashAlgorithm(), over);
    CmsJudge.require(
        Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), imprint), stamp.getLocalName() + " imprint");
  }
}
