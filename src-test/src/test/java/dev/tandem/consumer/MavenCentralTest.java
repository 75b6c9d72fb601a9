package dev.tandem.consumer;

import static dev.tandem.consumer.Published.child;
import static dev.tandem.consumer.Published.children;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/** The poms say what Maven Central asks for: https://central.sonatype.org/publish/requirements/. */
class MavenCentralTest {
  private static final Published PUBLISHED = Published.read();

  /** Modules inherit these from the root; the BOM, which has no parent, repeats them. */
  private static final List<String> FOR_ALL =
      List.of("url", "inceptionYear", "organization", "licenses", "developers", "scm");

  @Test
  void theVersionIsSemantic() {
    // semver.org, section 2 and 9; -SNAPSHOT is Maven's pre-release.
    assertTrue(
        PUBLISHED
            .version()
            .matches(
                "(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?"),
        PUBLISHED.version());
  }

  @Test
  void everyArtifactHasANameAndADescription() {
    for (Published.Artifact artifact : PUBLISHED.artifacts()) {
      for (String key : List.of("name", "description")) {
        Element value = child(artifact.project(), key);
        assertTrue(
            value != null && !value.getTextContent().isBlank(), artifact.id() + " has no " + key);
      }
    }
  }

  @Test
  void rootAndBomSayWhoseItIs() {
    Element root = project("tandem");
    Element bom = project("tandem-bom");
    assertTrue(child(bom, "parent") == null, "whoever imports the BOM imports its parent's too");
    for (String key : FOR_ALL) {
      assertEquals(text(root, key), text(bom, key), key);
    }
    assertTrue(text(root, "licenses").contains("Apache-2.0"), text(root, "licenses"));
    for (String key : List.of("connection", "developerConnection", "url")) {
      assertTrue(child(child(root, "scm"), key) != null, "scm has no " + key);
    }
  }

  @Test
  void theBomListsWhatIsPublishedAtTheSameVersion() {
    Element bom = project("tandem-bom");
    assertEquals(PUBLISHED.version(), text(bom, "version"));
    Set<String> listed = new TreeSet<>();
    for (Element dependency : children(child(child(bom, "dependencyManagement"), "dependencies"))) {
      assertEquals("${project.version}", text(dependency, "version"));
      listed.add(text(dependency, "artifactId"));
    }
    Set<String> published = new TreeSet<>();
    PUBLISHED.jars().forEach(artifact -> published.add(artifact.id()));
    assertEquals(published, listed);
  }

  @Test
  void everyJarNamesItsModule() {
    Set<String> names = new HashSet<>();
    for (Published.Artifact artifact : PUBLISHED.jars()) {
      String name = text(child(artifact.project(), "properties"), "module.name");
      assertTrue(name.matches("dev\\.tandem\\.[a-z]+"), name);
      assertTrue(names.add(name), name + " twice");
    }
  }

  private static Element project(String id) {
    return PUBLISHED.artifacts().stream()
        .filter(artifact -> artifact.id().equals(id))
        .findFirst()
        .orElseThrow()
        .project();
  }

  private static String text(Element parent, String name) {
    Element element = child(parent, name);
    assertTrue(element != null, parent.getTagName() + " has no " + name);
    return element.getTextContent().replaceAll("\\s+", " ").strip();
  }
}
