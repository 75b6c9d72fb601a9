package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.SourceTree.Source;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who may know whom. Imports run one way; a backend never sees a tensor; only one package knows JCuda. */
final class ImportRulesTest {
  private static final String HOME = "dev.tandem.";

  /** Each package and those of the project that it may import. A package not listed here has no place yet. */
  private static final Map<String, Set<String>> INSIDE =
      Map.ofEntries(
          Map.entry("shape", Set.of()),
          Map.entry("op", Set.of("shape")),
          Map.entry("backend", Set.of("shape", "op")),
          Map.entry("tensor", Set.of("shape", "op", "backend")),
          Map.entry("nn", Set.of("shape", "op", "backend", "tensor")),
          Map.entry("optim", Set.of("shape", "op", "backend", "tensor", "nn")),
          Map.entry("data", Set.of("shape", "op", "backend", "tensor", "nn", "io")),
          Map.entry("io", Set.of("shape", "op", "backend", "tensor", "nn", "optim")),
          Map.entry(
              "train", Set.of("shape", "op", "backend", "tensor", "nn", "optim", "data", "io")),
          Map.entry(
              "cli",
              Set.of(
                  "shape",
                  "op",
                  "backend",
                  "tensor",
                  "nn",
                  "optim",
                  "data",
                  "io",
                  "train",
                  "conformance",
                  "cli.config",
                  "cli.report",
                  "cli.ui")),
          Map.entry("cli.report", Set.of("shape", "data", "io", "train")),
          Map.entry("cli.ui", Set.of("io", "train", "cli.report")),
          Map.entry(
              "cli.config",
              Set.of("shape", "op", "backend", "tensor", "nn", "optim", "data", "io", "train")),
          Map.entry("cpu", Set.of("shape", "op", "backend")),
          Map.entry("conformance", Set.of("shape", "op", "backend")),
          Map.entry("cuda", Set.of("shape", "op", "backend", "cuda.driver")),
          Map.entry("cuda.driver", Set.of("backend")),
          Map.entry("ptx.text", Set.of()),
          Map.entry("ptx.machine", Set.of("cuda.driver", "ptx.text")),
          Map.entry("ptx", Set.of("cuda.driver", "ptx.text", "ptx.machine")));

  /** What packages may import from elsewhere; all may import java. */
  private static final Map<String, Set<String>> OUTSIDE =
      Map.of(
          "data",
              Set.of(
                  "com.fasterxml.jackson",
                  "com.knuddels.jtokkit",
                  "org.apache.commons.csv",
                  "org.slf4j"),
          "io", Set.of("com.fasterxml.jackson", "org.slf4j"),
          "train", Set.of("com.fasterxml.jackson", "org.apache.commons.csv", "org.slf4j"),
          "cli",
              Set.of(
                  "com.fasterxml.jackson",
                  "org.slf4j",
                  "picocli",
                  "org.snakeyaml.engine",
                  "me.tongfei.progressbar"),
          "cli.config", Set.of("org.snakeyaml.engine"),
          "backend", Set.of("org.slf4j"),
          "cpu", Set.of("jdk.incubator.vector", "org.slf4j"),
          "cli.report", Set.of("com.fasterxml.jackson"),
          "cli.ui", Set.of("com.sun.net.httpserver"),
          "cuda.driver", Set.of("jcuda"));

  private static final Pattern IMPORT =
      Pattern.compile("import\\s+(?:static\\s+)?([\\w.]+?)(?:\\.\\*)?;");

  /**
   * A name written out in full is an import too. Lower case up to the type, so that no method call is taken for
   * one.
   */
  private static final Pattern QUALIFIED =
      Pattern.compile("\\b((?:dev\\.tandem|jcuda|jdk\\.incubator)(?:\\.[a-z]\\w*)*)\\.[A-Z]");

  private static final List<Source> SOURCES = SourceTree.find().sources();

  @Test
  void everyPackageHasAPlace() {
    Set<String> unknown = new TreeSet<>();
    for (Source source : SOURCES) {
      if (!source.inPackage().startsWith(HOME) || !INSIDE.containsKey(home(source.inPackage()))) {
        unknown.add(source.inPackage());
      }
    }
    assertEquals(Set.of(), unknown, "packages that the table of imports does not know");
  }

  @Test
  void importsRunOneWay() {
    assertNoneBreaks((own, used) ->
        !used.startsWith(HOME)
            || home(used).equals(own)
            || INSIDE.getOrDefault(own, Set.of()).contains(home(used)));
  }

  @Test
  void onlyListedPackagesImportFromElsewhere() {
    assertNoneBreaks((own, used) ->
        used.startsWith(HOME)
            || used.startsWith("java.")
            || OUTSIDE.getOrDefault(own, Set.of()).stream().anyMatch(used::startsWith));
  }

  /** The table itself runs one way: following it from any package never leads back. */
  @Test
  void tableHasNoCycle() {
    for (String start : INSIDE.keySet()) {
      Set<String> reached = new HashSet<>();
      List<String> open = new ArrayList<>(INSIDE.get(start));
      while (!open.isEmpty()) {
        String next = open.removeLast();
        if (reached.add(next)) {
          open.addAll(INSIDE.get(next));
        }
      }
      assertTrue(!reached.contains(start), start + " can reach itself");
    }
  }

  @Test
  void scannerSeesImportsAndQualifiedNames() {
    assertEquals(List.of("dev.tandem.op"), used("import dev.tandem.op.Op;").toList());
    assertEquals(List.of("dev.tandem.op"), used("import dev.tandem.op.Elementwise.*;").toList());
    assertEquals(
        List.of("dev.tandem.op"), used("import static dev.tandem.op.Pooling.extent;").toList());
    assertEquals(List.of("jcuda.driver"), used("    jcuda.driver.JCudaDriver.cuInit(0);").toList());
    assertEquals(
        List.of(), used(" * {@link dev.tandem.tensor.Tensor} is not seen from here").toList());
  }

  private interface Rule {
    boolean allows(String own, String used);
  }

  private static void assertNoneBreaks(Rule rule) {
    List<String> broken = new ArrayList<>();
    for (Source source : SOURCES) {
      source.lines().stream()
          .flatMap(ImportRulesTest::used)
          .distinct()
          .filter(used -> !rule.allows(home(source.inPackage()), used))
          .forEach(used ->
              broken.add(
                  source.file().getFileName() + " in " + source.inPackage() + " uses " + used));
    }
    assertEquals(List.of(), broken, "imports against the table");
  }

  /** The packages that a line of source names. Comments may speak of anything. */
  private static Stream<String> used(String line) {
    String code = line.strip();
    if (code.startsWith("*")
        || code.startsWith("/*")
        || code.startsWith("//")
        || code.startsWith("package ")) {
      return Stream.of();
    }
    Matcher statement = IMPORT.matcher(code);
    if (statement.matches()) {
      // The package ends where the first capital begins.
      return Stream.of(statement.group(1).replaceAll("\\.[A-Z].*$", ""));
    }
    return QUALIFIED.matcher(code).results().map(name -> name.group(1));
  }

  private static String home(String inPackage) {
    return inPackage.startsWith(HOME) ? inPackage.substring(HOME.length()) : inPackage;
  }
}
