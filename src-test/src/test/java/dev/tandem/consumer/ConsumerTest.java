package dev.tandem.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.readme.Child;
import dev.tandem.readme.Readme;
import java.io.File;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Projects of users: Maven builds them against the jars and poms that were just made, from a repository that holds nothing of
 * Tandem but those. Surefire runs this class once the modules are packed, in {@code verify}, not in {@code test}.
 */
class ConsumerTest {
  private static final Published PUBLISHED = Published.read();

  @TempDir Path folder;

  /** What one of the projects resolved to, and its program's answer on the CPU. */
  private record Project(Path folder, String classPath, String answer) {}

  @Test
  void theGpuIsOneDependencyMoreAndNothingElse() throws Exception {
    Path repository = repository();
    Project cpu = build(repository, "cpu", "");
    assertEquals(
        Set.of("api", "train", "cpu-backend"), tandems(cpu), "what the first project resolves to");
    assertFalse(cpu.classPath.contains("jcuda"), cpu.classPath);
    assertTrue(accuracy(cpu.answer) > 0.94, cpu.answer);
    Child without = Child.java(cpu.folder, cpu.classPath, "FirstModel", "cuda");
    assertTrue(
        without.errors().contains("backend: no such kind, got 'cuda'; use auto, cpu"),
        without.errors());

    Project cuda =
        build(
            repository,
            "cuda",
            """
            <dependency>
              <groupId>dev.tandem</groupId>
              <artifactId>tandem-cuda-backend</artifactId>
              <scope>runtime</scope>
            </dependency>
            """);
    assertEquals(
        Set.of("api", "train", "cpu-backend", "cuda-backend", "kernels"),
        tandems(cuda),
        "what the second project resolves to");
    assertEquals(cpu.answer, cuda.answer, "the same program on the CPU");
    Child with = Child.java(cuda.folder, cuda.classPath, "FirstModel", "cuda");
    if (with.exit() == 0) {
      assertTrue(accuracy(with.output()) > 0.94, with.output());
    } else {
      assertTrue(with.errors().contains("backend: cuda cannot be used here: "), with.errors());
    }
    System.out.printf(
        "consumer: 2 projects built and run, cuda %s%n",
        with.exit() == 0 ? "1" : "0 (cannot be used here)");
  }

  private static double accuracy(String output) {
    return Double.parseDouble(output.strip().replaceFirst(".*test accuracy ", ""));
  }

  /** Of the entries of a class path, Tandem's modules. */
  private static Set<String> tandems(Project project) {
    Set<String> modules = new TreeSet<>();
    for (String entry : project.classPath.split(File.pathSeparator)) {
      String name = Path.of(entry).getFileName().toString();
      if (name.startsWith("tandem-")) {
        modules.add(name.substring("tandem-".length(), name.indexOf("-" + PUBLISHED.version())));
      }
    }
    return modules;
  }

  private Project build(Path repository, String name, String dependency) throws Exception {
    Path project = Files.createDirectories(folder.resolve(name));
    String pom;
    try (var stream = ConsumerTest.class.getResourceAsStream("pom.xml")) {
      pom = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
    Files.writeString(
        project.resolve("pom.xml"),
        pom.replace("TANDEM_VERSION", PUBLISHED.version())
            .replace("<!-- and the GPU -->", dependency));
    Path sources = Files.createDirectories(project.resolve("src/main/java"));
    Files.writeString(sources.resolve("FirstModel.java"), Readme.program());
    Path settings = project.resolve("settings.xml");
    Files.writeString(
        settings,
        """
        <settings>
          <mirrors>
            <mirror>
              <id>fetched</id>
              <mirrorOf>*</mirrorOf>
              <url>%s</url>
            </mirror>
          </mirrors>
        </settings>
        """
            .formatted(Path.of(property("tandem.maven.repository")).toUri()));
    Child maven =
        Child.run(
            project,
            List.of(
                Path.of(property("tandem.maven.home"), "bin", "mvn").toString(),
                "-B",
                "-q",
                "-s",
                settings.toString(),
                "-Dmaven.repo.local=" + repository,
                "-Dmdep.outputFile=class-path.txt",
                "compile",
                "dependency:build-classpath"));
    assertEquals(0, maven.exit(), maven.output() + maven.errors());
    String classPath =
        "target/classes"
            + File.pathSeparator
            + Files.readString(project.resolve("class-path.txt")).strip();
    Child run = Child.java(project, classPath, "FirstModel", "cpu");
    assertEquals(0, run.exit(), run.errors());
    return new Project(project, classPath, run.output());
  }

  private static String property(String name) {
    String value = System.getProperty(name);
    assertTrue(value != null, name + " is not set: src-test/pom.xml sets it");
    return value;
  }

  /** A local repository with Tandem's poms and jars; all else Maven takes from what the build has fetched already. */
  private Path repository() throws IOException {
    Path repository = folder.resolve("repository");
    for (Published.Artifact artifact : PUBLISHED.artifacts()) {
      Path place =
          Files.createDirectories(
              repository.resolve("dev/tandem").resolve(artifact.id()).resolve(PUBLISHED.version()));
      String file = artifact.id() + "-" + PUBLISHED.version();
      Files.copy(artifact.pom(), place.resolve(file + ".pom"));
      if (artifact.packsJar()) {
        Files.copy(artifact.jar(PUBLISHED.version()), place.resolve(file + ".jar"));
      }
    }
    return repository;
  }

  @Test
  void jarsHaveModuleNamesAndShareNoPackage() {
    Map<String, String> owners = new HashMap<>();
    Set<String> names = new HashSet<>();
    for (Published.Artifact artifact : PUBLISHED.jars()) {
      Set<ModuleReference> found = ModuleFinder.of(artifact.jar(PUBLISHED.version())).findAll();
      assertEquals(1, found.size(), artifact.id());
      var module = found.iterator().next().descriptor();
      assertTrue(module.name().startsWith("dev.tandem."), module.name());
      assertFalse(
          module.name().equals(artifact.id().replace('-', '.')),
          artifact.id() + " has no Automatic-Module-Name");
      assertTrue(names.add(module.name()), module.name() + " twice");
      for (String inside : module.packages()) {
        String other = owners.put(inside, module.name());
        assertTrue(other == null, inside + " is in " + other + " and " + module.name());
      }
    }
  }

  /** Two builds of one commit give the same bytes only if nothing in a jar says when or by whom it was built. */
  @Test
  void jarsBearNoTimeAndNoBuilder() throws IOException {
    LocalDateTime stamp = LocalDateTime.parse("2026-01-01T00:00:00");
    List<String> wrong = new ArrayList<>();
    for (Published.Artifact artifact : PUBLISHED.jars()) {
      try (JarFile jar = new JarFile(artifact.jar(PUBLISHED.version()).toFile())) {
        for (ZipEntry entry : jar.stream().toList()) {
          if (!entry.getTimeLocal().equals(stamp)) {
            wrong.add(artifact.id() + ": " + entry + " " + entry.getTimeLocal());
          }
        }
        for (String key : List.of("Built-By", "Build-Jdk", "Bnd-LastModified")) {
          if (jar.getManifest().getMainAttributes().getValue(key) != null) {
            wrong.add(artifact.id() + ": manifest has " + key);
          }
        }
      }
    }
    assertEquals(List.of(), wrong);
  }
}
