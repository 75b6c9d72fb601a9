package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.SourceTree.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A library says what it has to say by exceptions and by SLF4J, and everything public in it is documented. */
final class LibraryRulesTest {
  /** The command talks to people; all else is a library. */
  private static final Set<String> PROGRAMS = Set.of("cli");

  private static final Pattern PRINTS =
      Pattern.compile(
          "System\\.(out|err)\\b|printStackTrace\\(|\\bIO\\.print|java\\.util\\.logging");

  /** Enums whose constants are a catalogue, with a text of their own where they need one. */
  private static final Set<String> CATALOGUES =
      Set.of("Kernel", "DriverError", "DeviceAttribute", "FunctionAttribute");

  private static final Pattern CONSTANT = Pattern.compile("\\s*[A-Z0-9_]+\\(.*");

  private static final List<Source> SOURCES = SourceTree.find().sources();

  @Test
  void noLibraryPrints() {
    List<String> printing = new ArrayList<>();
    int libraries = 0;
    for (Source source : SOURCES) {
      if (PROGRAMS.contains(source.module())) {
        continue;
      }
      libraries++;
      for (String line : source.lines()) {
        String code = line.strip();
        if (!code.startsWith("*") && !code.startsWith("/") && PRINTS.matcher(code).find()) {
          printing.add(source.file().getFileName() + ": " + code);
        }
      }
    }
    assertTrue(libraries > 400, "only " + libraries + " sources were looked at");
    assertEquals(List.of(), printing, "use SLF4J, or throw");
  }

  /** javac looks at documentation comments: none is malformed, and none is missing. That each parameter has a tag is not asked. */
  @ParameterizedTest
  @ValueSource(strings = {"api", "train", "cpu-backend", "cuda-backend", "conformance"})
  void everythingPublicIsDocumented(String module) throws Exception {
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<Source> sources =
        SOURCES.stream().filter(source -> source.module().equals(module)).toList();
    assertTrue(!sources.isEmpty(), module);
    try (StandardJavaFileManager files = javac.getStandardFileManager(found, Locale.ROOT, null)) {
      List<String> options =
          List.of(
              "-proc:none",
              "-Xdoclint:all/public",
              "-Xmaxwarns",
              "100000",
              "--add-modules",
              "jdk.incubator.vector",
              "-cp",
              System.getProperty("java.class.path"),
              "-d",
              System.getProperty("java.io.tmpdir"));
      ((com.sun.source.util.JavacTask)
              javac.getTask(
                  null,
                  files,
                  found,
                  options,
                  null,
                  files.getJavaFileObjectsFromPaths(sources.stream().map(Source::file).toList())))
          .analyze();
    }
    List<String> bare = new ArrayList<>();
    int looked = 0;
    for (Diagnostic<? extends JavaFileObject> diagnostic : found.getDiagnostics()) {
      assertTrue(diagnostic.getKind() != Diagnostic.Kind.ERROR, diagnostic.toString());
      looked++;
      if (diagnostic.getMessage(Locale.ENGLISH).equals("no comment")) {
        Source source =
            sources.stream()
                .filter(each -> each.file().toUri().equals(diagnostic.getSource().toUri()))
                .findFirst()
                .orElseThrow();
        String type = source.file().getFileName().toString().replace(".java", "");
        String line = source.lines().get((int) diagnostic.getLineNumber() - 1);
        if (!(CATALOGUES.contains(type) && CONSTANT.matcher(line).matches())) {
          bare.add(type + ":" + diagnostic.getLineNumber() + ": " + line.strip());
        }
      }
    }
    assertTrue(looked > 0, "doclint said nothing at all: was it on?");
    assertEquals(List.of(), bare, "public, and without a documentation comment");
  }
}
