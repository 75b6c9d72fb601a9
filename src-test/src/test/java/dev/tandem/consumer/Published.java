package dev.tandem.consumer;

import dev.tandem.readme.Readme;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** What the project publishes: the root's modules, without those that say they do not deploy. */
record Published(String version, List<Artifact> artifacts) {
  /** A pom and what it makes. */
  record Artifact(String id, Path pom, Element project) {
    boolean packsJar() {
      return child(project, "packaging") == null;
    }

    /** The jar that the build has made. */
    Path jar(String version) {
      Path jar = pom.resolveSibling("target").resolve(id + "-" + version + ".jar");
      if (!Files.exists(jar)) {
        throw new IllegalStateException(
            jar + " is missing: run mvnw verify or package, which pack before this test runs");
      }
      return jar;
    }
  }

  List<Artifact> jars() {
    return artifacts.stream().filter(Artifact::packsJar).toList();
  }

  static Published read() {
    Path root = Readme.root();
    List<Artifact> artifacts = new ArrayList<>();
    Artifact parent = artifact(root);
    artifacts.add(parent);
    for (Element module : children(child(parent.project, "modules"))) {
      Artifact artifact = artifact(root.resolve(module.getTextContent()));
      Element properties = child(artifact.project, "properties");
      if (properties == null || child(properties, "maven.deploy.skip") == null) {
        artifacts.add(artifact);
      }
    }
    return new Published(child(parent.project, "version").getTextContent(), artifacts);
  }

  private static Artifact artifact(Path folder) {
    Path pom = folder.resolve("pom.xml");
    try {
      Element project =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(pom.toFile())
              .getDocumentElement();
      return new Artifact(child(project, "artifactId").getTextContent(), pom, project);
    } catch (Exception e) {
      throw new IllegalStateException(pom + ": " + e.getMessage(), e);
    }
  }

  /** The child element of this name; null where there is none. */
  static Element child(Element parent, String name) {
    return children(parent).stream()
        .filter(element -> element.getTagName().equals(name))
        .findFirst()
        .orElse(null);
  }

  static List<Element> children(Element parent) {
    List<Element> elements = new ArrayList<>();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element) {
        elements.add(element);
      }
    }
    return elements;
  }
}
