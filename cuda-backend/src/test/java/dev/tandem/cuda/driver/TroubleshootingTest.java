package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every reason why CUDA cannot be used has its cure in docs/backends-and-troubleshooting.md, word for word. */
class TroubleshootingTest {
  private static final String LINUX = "linux on amd64";

  @Test
  void everyReasonHasItsCure() throws IOException {
    List<String> rows = rows();
    Set<String> used = new TreeSet<>();
    List<String> missing = new ArrayList<>();
    for (String reason : reasons()) {
      rows.stream()
          .filter(row -> pattern(row).matcher(reason).matches())
          .findFirst()
          .ifPresentOrElse(used::add, () -> missing.add(reason));
    }
    assertEquals(List.of(), missing, "reasons without a row");
    List<String> stale = new ArrayList<>(rows);
    stale.removeAll(used);
    stale.removeIf(row -> row.startsWith("the kernels need compute capability"));
    assertEquals(List.of(), stale, "rows that no machine says");
  }

  /** What each machine that there may be is told. */
  private static List<String> reasons() {
    List<Diagnosis> found = new ArrayList<>();
    for (Optional<String> module : List.of(Optional.<String>empty(), Optional.of("550.54.14"))) {
      for (Optional<String> visible : List.of(Optional.<String>empty(), Optional.of("7"))) {
        var machine = new Diagnosis.Machine(LINUX, module, visible);
        found.add(Diagnosis.of(machine, Optional.empty()));
        found.add(Diagnosis.of(machine, answers(11040, 0, 1)));
        found.add(Diagnosis.of(machine, answers(12040, 0, 0)));
        Stream.of(DriverError.values())
            .filter(error -> error.name().startsWith("CUDA_ERROR"))
            .forEach(error -> found.add(Diagnosis.of(machine, answers(12040, error.code(), 0))));
      }
    }
    found.add(
        Diagnosis.of(
            new Diagnosis.Machine("mac os x on aarch64", Optional.empty(), Optional.empty()),
            Optional.empty()));
    assertTrue(found.size() > 100, "only " + found.size() + " machines");
    return found.stream()
        .peek(diagnosis -> assertTrue(diagnosis.error().isPresent(), diagnosis.sentence()))
        .map(Diagnosis::sentence)
        .toList();
  }

  private static Optional<Diagnosis.Answers> answers(int version, int code, int devices) {
    return Optional.of(new Diagnosis.Answers(version, code, devices));
  }

  private static List<String> rows() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("docs/backends-and-troubleshooting.md"))) {
      folder = folder.getParent();
    }
    String text = Files.readString(folder.resolve("docs/backends-and-troubleshooting.md"));
    String section =
        text.substring(
            text.indexOf("\n## CUDA cannot be used\n"),
            text.indexOf("\ncuBLAS, which is searched"));
    return Pattern.compile("(?m)^\\| `([^`]+)` \\|")
        .matcher(section)
        .results()
        .map(row -> row.group(1))
        .toList();
  }

  private static Pattern pattern(String row) {
    return Pattern.compile(
        Stream.of(row.split("…", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
  }
}
