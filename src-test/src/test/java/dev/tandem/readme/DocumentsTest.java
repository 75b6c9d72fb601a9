package dev.tandem.readme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Flag;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the documents point to exists: files, headings, commands, options, messages. */
class DocumentsTest {
  private static final String TROUBLES = "docs/backends-and-troubleshooting.md";

  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+)$");
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```.*?^```$");
  private static final Pattern COMMAND =
      Pattern.compile("(?:^|[`$ ])(?:\\./)?tandem ([a-z][a-z-]*)([^`\\n|]*)");
  private static final Pattern OPTION = Pattern.compile("(?<=\\s)--[a-z][a-z-]+");

  /** Of messages that programs meet, those with these first words have rows. What is said of data, files and devices has one always. */
  private static final Set<String> OF_PROGRAMS =
      Set.of(
          "TANDEM_[A-Z_]+",
          "backward",
          "checkpoint",
          "data",
          "gradient check",
          "item",
          "memory",
          "recompute",
          "replay",
          "scope",
          "tape",
          "tensor",
          "training");

  /** What begins so and is no error: lines that tell what was found, help, and names. */
  private static final List<String> NO_ERRORS =
      List.of(
          "backend: auto takes", "config: no way to write", "tokens: the file", "training: Adam");

  private static List<String> documents() {
    try (Stream<Path> files = Files.list(Readme.root().resolve("docs"))) {
      List<String> found =
          files
              .map(file -> "docs/" + file.getFileName())
              .filter(name -> name.endsWith(".md"))
              .sorted()
              .collect(Collectors.toCollection(ArrayList::new));
      found.addFirst("README.md");
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void linksLeadSomewhere() {
    List<String> broken = new ArrayList<>();
    int count = 0;
    for (String document : documents()) {
      String text = BLOCK.matcher(Readme.read(document)).replaceAll("");
      for (MatchResult link : LINK.matcher(text).results().toList()) {
        String target = link.group(1);
        if (target.matches("[a-z]+:.*")) {
          continue;
        }
        count++;
        String[] parts = target.split("#", 2);
        Path file = Readme.root().resolve(document);
        file = parts[0].isEmpty() ? file : file.resolveSibling(parts[0]).normalize();
        if (!Files.exists(file)) {
          broken.add(document + ": " + target);
        } else if (parts.length == 2
            && !anchors(Readme.root().relativize(file).toString()).contains(parts[1])) {
          broken.add(document + ": " + target + " has no such heading");
        }
      }
    }
    assertTrue(count > 20, "only " + count + " links");
    assertEquals(List.of(), broken);
  }

  /** Headings as GitHub names them: lower case, blanks as hyphens, no punctuation. */
  private static Set<String> anchors(String document) {
    String text = BLOCK.matcher(Readme.read(document)).replaceAll("");
    return HEADING
        .matcher(text)
        .results()
        .map(heading ->
            heading
                .group(1)
                .strip()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\w -]", "")
                .replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @Test
  void commandsAndTheirOptionsExist() {
    String command = sources("cli");
    Set<String> commands =
        Pattern.compile("name = \"([a-z]+)\",\\s+description")
            .matcher(command)
            .results()
            .map(match -> match.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertTrue(commands.containsAll(Set.of("train", "help", "devices")), commands.toString());
    List<String> unknown = new ArrayList<>();
    int count = 0;
    for (String document : documents()) {
      for (String line : Readme.read(document).split("\n")) {
        for (MatchResult use : COMMAND.matcher(line).results().toList()) {
          if (!line.contains("./tandem " + use.group(1)) && !line.contains("`tandem ")) {
            continue; // prose about Tandem
          }
          count++;
          if (!commands.contains(use.group(1))) {
            unknown.add(document + ": tandem " + use.group(1));
          }
          OPTION
              .matcher(use.group(2))
              .results()
              .map(MatchResult::group)
              .filter(option -> !option.equals("--help") && !command.contains('"' + option + '"'))
              .forEach(option -> unknown.add(document + ": " + option));
        }
      }
    }
    assertTrue(count > 20, "only " + count + " commands");
    assertEquals(List.of(), unknown);
  }

  /** A snippet of docs/writing-an-op.md stands in the file that was named last before it. */
  @Test
  void theWorkedExampleOfAnOpIsTheSource() {
    Pattern part = Pattern.compile("(?ms)^`([\\w./-]+\\.(?:java|cuh))`$|^```$\n(.*?)^```$");
    List<String> wrong = new ArrayList<>();
    String file = null;
    int count = 0;
    for (MatchResult found :
        part.matcher(Readme.read("docs/writing-an-op.md")).results().toList()) {
      if (found.group(1) != null) {
        file = found.group(1);
      } else if (!found.group(2).startsWith("./")) {
        count++;
        if (!Readme.read(file).contains(found.group(2))) {
          wrong.add(file + " has no\n" + found.group(2));
        }
      }
    }
    assertTrue(count >= 12, "only " + count + " snippets");
    assertEquals(List.of(), wrong);
  }

  /** Each block of Java is a program: it compiles, and where it has a main it runs. */
  @Test
  void blocksOfJavaCompileAndRun(@TempDir Path folder) throws Exception {
    String classPath = System.getProperty("java.class.path");
    Map<String, String> said =
        Map.of(
            "CsvSchema", "test accuracy (1\\.0|0\\.[6-9]\\d*)\\R.*first row is of class [012]\\R",
            "GradCheck", "largest error \\d.*",
            "ConformanceResult", "[1-9]\\d* cases, 0 failed\\R");
    int ran = 0;
    for (String document : documents()) {
      for (String block : Readme.javaBlocks(document)) {
        if (block.equals(Readme.program())) {
          continue; // ReadmeTest runs it
        }
        Matcher named = Pattern.compile("public final class (\\w+)").matcher(block);
        String name = named.find() ? named.group(1) : "Program";
        Path source = folder.resolve(name + ".java");
        Files.writeString(source, block);
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        int result =
            ToolProvider.getSystemJavaCompiler()
                .run(
                    null,
                    null,
                    errors,
                    "-cp",
                    classPath,
                    "-d",
                    folder.toString(),
                    source.toString());
        assertEquals(0, result, document + ": " + errors);
        if (block.contains("void main(")) {
          Child run =
              Child.java(
                  folder,
                  folder + File.pathSeparator + classPath,
                  block.contains("CsvSchema")
                      ? new String[] {
                        name, Readme.root().resolve("examples/flowers.csv").toString()
                      }
                      : new String[] {name});
          assertEquals(0, run.exit(), document + ": " + run.errors());
          said.forEach((word, output) -> {
            if (block.contains(word)) {
              assertTrue(
                  Pattern.compile(output, Pattern.DOTALL).matcher(run.output()).matches(),
                  document + ": " + run.output());
            }
          });
          ran++;
        }
      }
    }
    assertEquals(said.size(), ran, "programs");
  }

  /** The messages of the tables: the first cell of each row that begins with code. */
  private static List<String> documented(String text) {
    return Pattern.compile("(?m)^\\| `([^`]+)` \\|")
        .matcher(text)
        .results()
        .map(row -> row.group(1).replace("\\|", "|"))
        .toList();
  }

  @Test
  void everyMessageHasItsCure() {
    Messages messages = new Messages(everySource());
    Set<String> subjects = messages.subjects();
    assertTrue(
        subjects.containsAll(Set.of("csv", "cpu", "onnx", "predict", "ui", "write")),
        subjects::toString);
    Set<String> said = new LinkedHashSet<>(messages.thrown());
    said.addAll(messages.about(subjects));
    said.addAll(messages.ofPrograms(OF_PROGRAMS));
    said.removeIf(head -> NO_ERRORS.stream().anyMatch(head::startsWith));
    assertTrue(said.size() > 220, () -> "only " + said.size() + " messages");
    List<String> rows = documented(Readme.read(TROUBLES));
    said.removeIf(head -> rows.stream().anyMatch(row -> Messages.same(row, head)));
    assertEquals(Set.of(), said, "messages without a row in " + TROUBLES);
  }

  /** So that the test above cannot come to see nothing. */
  @Test
  void messagesAreReadOutOfSources() {
    Messages messages =
        new Messages(
            """
            throw new DataException("csv: no such column, got " + name + "; use " + all(", "));
            throw new FileException(what + ": " + file + " is odd, got " + x, cause);
            throw new BackendException("gpu: " + op.name() + ": " + sentence);
            throw FileException.of("disk", file, "cannot be read", e);
            throw refused("csv: odd (" + x);
            throw new IllegalStateException("csv: a defect, got " + x);
            """);
    assertEquals(Set.of("csv", "disk", "gpu"), messages.subjects());
    assertEquals(
        Set.of("csv: no such column", "…: … is odd", "disk: … cannot be read"), messages.thrown());
    assertEquals(Set.of("csv: no such column", "csv: odd"), messages.about(messages.subjects()));
    assertTrue(Messages.same("csv: no such column, got …", "csv: no such column"));
    assertTrue(Messages.same("…: … cannot be read, got …", "disk: … cannot be read"));
    assertTrue(Messages.same("zip: … is odd, got …", "…: … is odd"));
    assertFalse(Messages.same("csv: …", "csv: no such column"));
    assertFalse(Messages.same("idx: no such column, got …", "csv: no such column"));
  }

  @Test
  void everySwitchHasItsRow() {
    List<String> missing =
        Stream.of(Flag.values())
            .map(flag -> "`TANDEM_" + flag.name() + "`")
            .filter(variable -> !Readme.read(TROUBLES).contains(variable))
            .toList();
    assertEquals(List.of(), missing);
  }

  /** A row whose message nobody says any more misleads. Those on CUDA are held to the diagnosis itself, by its own test. */
  @Test
  void everyRowIsAMessageOfToday() {
    String text = Readme.read(TROUBLES);
    String rows = text.substring(text.indexOf("\n## Backends\n"));
    String all = everySource();
    List<String> stale = new ArrayList<>();
    for (String message : documented(rows)) {
      for (String part : message.split("…")) {
        String bare = part.replaceAll("^[;:,.)( ']+|[;:,(' ?]+$", "");
        // A subject in front is often put there by the caller.
        String said = bare.replaceFirst("^[a-z. _]+: ", "");
        // What the system refuses is put together: FileException.of.
        String refused = said.replaceFirst(", got$", "\"");
        if (said.length() > 5
            && !all.contains(bare)
            && !all.contains(said)
            && !all.contains(refused)) {
          stale.add(message + ": nobody says '" + said + "'");
        }
      }
    }
    assertEquals(List.of(), stale);
  }

  private static String everySource() {
    return Stream.of("api", "train", "cpu-backend", "cuda-backend", "cli")
        .map(DocumentsTest::sources)
        .collect(Collectors.joining("\n"));
  }

  /** A module's main sources, with texts that run over several lines in one piece. */
  private static String sources(String module) {
    try (Stream<Path> files = Files.walk(Readme.root().resolve(module).resolve("src/main/java"))) {
      StringBuilder text = new StringBuilder();
      for (Path file : files.filter(file -> file.toString().endsWith(".java")).sorted().toList()) {
        text.append(Files.readString(file));
      }
      return text.toString().replaceAll("\"\\s*\\+\\s*\"", "").replace("\\\"", "'");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
