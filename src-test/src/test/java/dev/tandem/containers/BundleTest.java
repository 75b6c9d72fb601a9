package dev.tandem.containers;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is in the portable bundle. */
@ExtendWith(ContainerPresenceTest.Closing.class)
final class BundleTest {
  private static final long BYTES = 64L << 20;
  private static final Pattern JDK_MODULE = Pattern.compile("-> ((?:java|jdk)\\.[\\w.]+)");

  private static final Pattern GLIBC = Pattern.compile("GLIBC_2\\.(\\d+)");

  private static Bundle bundle;
  private static Path folder;

  @BeforeAll
  static void find() {
    // The report's line says that there is none.
    Assumptions.assumeTrue(Bundle.find().isPresent(), () -> Bundle.absent().orElseThrow());
    bundle = Bundle.find().orElseThrow();
    folder = bundle.folder();
  }

  @Test
  void theArchiveIsSmall() throws IOException {
    Assumptions.assumeFalse(Files.exists(folder.resolve("cublas")), "brings cuBLAS");
    long bytes = Files.size(bundle.archive());
    assertTrue(bytes <= BYTES, bytes + " bytes, may have " + BYTES);
  }

  /** jdeps reads each jar's classes; what it finds of the JDK must be in the runtime. */
  @Test
  void theRuntimeHasWhatTheJarsUse() throws IOException, InterruptedException {
    Set<String> used = modules(bundle.jars());
    assertTrue(used.contains("jdk.incubator.vector"), () -> "jdeps found only " + used);
    Process java =
        new ProcessBuilder(folder.resolve("runtime/bin/java").toString(), "--list-modules").start();
    Set<String> has = new TreeSet<>();
    java.inputReader().lines().map(line -> line.replaceFirst("@.*", "")).forEach(has::add);
    assertEquals(0, java.waitFor());
    used.removeAll(has);
    assertEquals(
        Set.of(),
        used,
        "modules that jars use and the runtime lacks; see bundle.modules in bundle/pom.xml");
  }

  /** The JDK's modules that classes of jars name: {@code tandem.api -> java.base} is one of jdeps' lines. */
  private static Set<String> modules(List<Path> jars) {
    List<String> arguments =
        new ArrayList<>(List.of("--multi-release", "25", "--ignore-missing-deps", "-summary"));
    arguments.addAll(List.of("--module-path", folder.resolve("lib").toString()));
    jars.forEach(jar -> arguments.add(jar.toString()));
    StringWriter out = new StringWriter();
    int code =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(new PrintWriter(out), new PrintWriter(out), arguments.toArray(String[]::new));
    assertEquals(0, code, out::toString);
    Set<String> modules = new TreeSet<>();
    JDK_MODULE.matcher(out.toString()).results().forEach(line -> modules.add(line.group(1)));
    return modules;
  }

  /** All are on the class path, where the first of two versions would win. */
  @Test
  void eachLibraryIsThereOnce() throws IOException {
    Map<String, List<String>> versions =
        bundle.jars().stream()
            .collect(
                Collectors.groupingBy(
                    Bundle::artifact,
                    TreeMap::new,
                    Collectors.mapping(jar -> jar.getFileName().toString(), Collectors.toList())));
    assertTrue(versions.size() > 10, versions::toString);
    versions.values().removeIf(jars -> jars.size() == 1);
    assertEquals(Map.of(), versions, "more than one version");
  }

  @Test
  void tandemsOwnJarsAreThoseOfThisBuild() throws IOException {
    List<String> others = new ArrayList<>();
    int count = 0;
    for (Path jar : bundle.jars()) {
      if (Bundle.own(jar)) {
        count++;
        String name = Bundle.artifact(jar) + "-" + bundle.version() + ".jar";
        Path made = Bundle.project().resolve(Bundle.module(jar)).resolve("target").resolve(name);
        if (!jar.endsWith(name) || Files.mismatch(jar, made) >= 0) {
          others.add(jar + " is not " + made);
        }
      }
    }
    assertEquals(7, count, () -> "of Tandem's modules in " + folder);
    assertEquals(List.of(), others);
  }

  /** The two launchers differ only in where they find Java and jars. */
  @Test
  void theLauncherStartsJavaAsTheCheckoutsDoes() throws IOException {
    assertEquals(
        options(Bundle.project().resolve("tandem")),
        options(folder.resolve("bin/tandem")).stream()
            .filter(option -> !option.equals("-XX:-UsePerfData"))
            .toList());
  }

  private static List<String> options(Path launcher) throws IOException {
    String text = Files.readString(launcher);
    String command = text.substring(text.indexOf("\nexec ")).replace("\\\n", " ");
    return Stream.of(command.strip().split("\\s+"))
        .filter(word -> word.startsWith("-") && !word.equals("-cp"))
        .toList();
  }

  /** Each symbol of glibc that a library wants carries the version that brought it. */
  @Test
  void theReadmeSaysWhichGlibcIsNeeded() throws IOException {
    List<byte[]> libraries = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder.resolve("runtime"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        libraries.add(Files.readAllBytes(file));
      }
    }
    for (Path jar : bundle.jars()) {
      try (var zip = new ZipFile(jar.toFile())) {
        for (ZipEntry entry : zip.stream().filter(BundleTest::native64).toList()) {
          libraries.add(zip.getInputStream(entry).readAllBytes());
        }
      }
    }
    int minor =
        libraries.stream()
            .flatMap(bytes -> GLIBC.matcher(new String(bytes, ISO_8859_1)).results())
            .mapToInt(version -> Integer.parseInt(version.group(1)))
            .max()
            .orElseThrow();
    String readme = Files.readString(folder.resolve("README.txt"));
    assertTrue(
        readme.replace('\n', ' ').contains("glibc 2." + minor + " or newer"),
        () -> "2." + minor + " is needed, and it says\n" + readme);
  }

  /** JCuda's and JLine's libraries for this kind of machine; JLine brings those of others along. */
  private static boolean native64(ZipEntry entry) {
    return entry.getName().endsWith(".so")
        && (entry.getName().startsWith("lib/") || entry.getName().contains("/Linux/x86_64/"));
  }

  @Test
  void licencesAndNoticesAreThere() throws IOException {
    assertTrue(Files.readString(folder.resolve("LICENSE")).contains("Apache License"));
    assertTrue(Files.isDirectory(folder.resolve("runtime/legal/java.base")));
    String notices = Files.readString(folder.resolve("THIRD-PARTY.txt"));
    for (Path jar : bundle.jars()) {
      String artifact = Bundle.artifact(jar);
      assertTrue(
          Bundle.own(jar) || notices.contains(":" + artifact + ":"),
          () -> artifact + " has no notice in\n" + notices);
    }
  }

  @Test
  void ofJcudaTheTwoLibrariesThatAreUsedCameAlong() throws IOException {
    List<String> natives = new ArrayList<>();
    for (Path jar : bundle.jars()) {
      try (var zip = new ZipFile(jar.toFile())) {
        zip.stream()
            .map(entry -> entry.getName())
            .filter(name -> name.startsWith("lib/lib"))
            .forEach(natives::add);
      }
    }
    natives.sort(null);
    assertEquals(2, natives.size(), natives::toString);
    assertTrue(natives.get(0).startsWith("lib/libJCublas2-"), natives::toString);
    assertTrue(natives.get(1).startsWith("lib/libJCudaDriver-"), natives::toString);
  }
}
