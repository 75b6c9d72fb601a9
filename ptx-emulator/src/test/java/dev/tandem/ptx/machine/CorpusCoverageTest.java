package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.ptx.text.Type;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every form of arithmetic that the software GPU knows has a program in the corpus. */
class CorpusCoverageTest {
  private static final Set<String> COMBINATIONS = Set.of("and", "or", "xor");

  @Test
  void everyFormHasAProgram() throws IOException {
    Set<String> tried = new TreeSet<>();
    for (String family : text("families.txt").lines().toList()) {
      text(family + ".txt")
          .lines()
          .filter(line -> line.startsWith("ptx "))
          .forEach(line -> collect(line.substring(4), tried));
    }
    List<String> forms = ArithmeticSteps.forms();
    assertFalse(forms.isEmpty());
    List<String> missing = forms.stream().filter(form -> !tried.contains(key(form))).toList();
    assertTrue(
        missing.isEmpty(),
        () ->
            "corpus: "
                + missing.size()
                + " of "
                + forms.size()
                + " forms have no program: "
                + missing);
  }

  /** The instructions of a line of PTX. */
  private static void collect(String line, Set<String> into) {
    for (String statement : line.split(";")) {
      String plain = statement.strip().replaceFirst("^@\\S+ +", "");
      into.add(key(plain.split(" ")[0]));
    }
  }

  /**
   * A name with its modifiers sorted, its types in their order. Two things are left out that are
   * one piece of code for all types: how a comparison's outcome is combined with a predicate, tried
   * on five types; and which comparison {@code set} does, for it does what {@code setp} does, which
   * is tried on all.
   */
  private static String key(String name) {
    List<String> words = List.of(name.split("\\."));
    boolean combines = words.getFirst().startsWith("set");
    int first = words.getFirst().equals("set") ? 2 : 1;
    List<String> types = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (String word : words.subList(Math.min(first, words.size()), words.size())) {
      if (!combines || !COMBINATIONS.contains(word)) {
        (Type.of(word).isPresent() ? types : others).add(word);
      }
    }
    others.sort(null);
    return words.getFirst() + others + types;
  }

  private static String text(String name) throws IOException {
    try (InputStream stream = Type.class.getResourceAsStream("/dev/tandem/ptx/corpus/" + name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
