package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Which bundle the tests in containers start: the one that the build names, or none. */
@ExtendWith(ContainerPresenceTest.Closing.class)
final class BundleFoundTest {
  private static final Instant COMPILED = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir Path project;

  private Path classFile;

  @BeforeEach
  void compile() throws IOException {
    classFile = made("cli/target/classes/Main.class", COMPILED);
  }

  private Path made(String file, Instant when) throws IOException {
    Path path = project.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, file);
    return Files.setLastModifiedTime(path, FileTime.from(when));
  }

  private Path packed(String name, Instant when) throws IOException {
    made("bundle/target/" + name + "/" + name + "/lib/tandem-cli-0.2.0.jar", when);
    made("bundle/target/" + name + "/" + name + "/lib/other-1.0.jar", when);
    return made("bundle/target/" + name + ".tar.gz", when);
  }

  @Test
  void theOneThatTheBuildNamesIsTaken() throws IOException {
    Path archive = packed("tandem-0.2.0-linux-x86_64", COMPILED.plusSeconds(60));
    assertEquals(Optional.empty(), Bundle.absent(Optional.of(archive), project));
    assertEquals("0.2.0", new Bundle(archive).version());
  }

  @Test
  void whatLiesThereOfAnotherBuildIsNot() throws IOException {
    packed("tandem-0.2.0-linux-x86_64", COMPILED.plusSeconds(60));
    assertEquals(
        Optional.of("there is no bundle to start in them; build with -P bundle"),
        Bundle.absent(Optional.empty(), project));
    Path withCublas = project.resolve("bundle/target/tandem-0.2.0-linux-x86_64-cublas12.tar.gz");
    assertEquals(
        Optional.of("the bundle " + withCublas + " was not packed; run verify with -P bundle"),
        Bundle.absent(Optional.of(withCublas), project));
  }

  @Test
  void oneThatIsOlderThanItsClassesIsNot() throws IOException {
    Path archive = packed("tandem-0.2.0-linux-x86_64", COMPILED.minusSeconds(60));
    assertEquals(
        Optional.of(
            "the bundle "
                + archive
                + " is older than "
                + classFile
                + "; run verify with -P bundle, which packs it again"),
        Bundle.absent(Optional.of(archive), project));
  }

  /** The name that the tests are given is the name that is packed, with cuBLAS and without. */
  @Test
  void thePomsNameOneArchive() throws IOException {
    String tests = Files.readString(Bundle.project().resolve("src-test/pom.xml"));
    assertTrue(tests.contains("/../bundle/target/${bundle.name}.tar.gz</tandem.bundle>"));
    String bundle = Files.readString(Bundle.project().resolve("bundle/pom.xml"));
    assertTrue(bundle.contains("<finalName>${bundle.name}</finalName>"));
    assertTrue(!bundle.contains("<bundle.name>"), "the project's pom says what it is called");
  }
}
