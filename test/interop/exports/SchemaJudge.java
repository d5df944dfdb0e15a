import java.io.File;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.xml.sax.SAXException;

/** What the JDK says of documents and a schema: SCHEMA FILE ..., one line for each file. Nothing is fetched. */
public final class SchemaJudge {
  public static void main(String[] args) throws Exception {
    SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
    factory.setProperty(XMLConstants.ACCESS_EXTERNAL_DTD, "");
    factory.setProperty(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
    Schema schema = factory.newSchema(new File(args[0]));
    for (int at = 1; at < args.length; at++) {
      try {
        schema.newValidator().validate(new StreamSource(new File(args[at])));
        System.out.println("valid");
      } catch (SAXException error) {
        System.out.println("invalid " + error.getMessage().replaceAll("\\s+", " "));
      }
    }
  }
}
