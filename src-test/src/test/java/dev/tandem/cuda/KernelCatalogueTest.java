package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.tandem.cuda.Kernel.Parameter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The catalogue says what the PTX has. Parameters of a launch are not typed: one too many, or two in the wrong order, would be a
 * wrong answer and no error.
 */
final class KernelCatalogueTest {
  private static final Pattern ENTRY =
      Pattern.compile("\\.visible \\.entry (\\w+)\\(\\s*(.*?)\\)", Pattern.DOTALL);
  private static final Pattern ARRAY = Pattern.compile("\\.align 8 \\.b8 \\w+\\[(\\d+)]");

  /** Each entry's parameters as the PTX of a module declares them. */
  private static Map<String, List<String>> entries(String module) throws IOException {
    Map<String, List<String>> entries = new LinkedHashMap<>();
    Matcher entry = ENTRY.matcher(KernelFolder.ptx(module));
    while (entry.find()) {
      List<String> parameters = new ArrayList<>();
      for (String line : entry.group(2).strip().split("\\s*,\\s*")) {
        Matcher array = ARRAY.matcher(line);
        parameters.add(
            array.find()
                ? "b8[" + array.group(1) + "]"
                : line.replaceAll("\\.param \\.(\\w+) .*", "$1"));
      }
      entries.put(entry.group(1), parameters);
    }
    return entries;
  }

  private static String declared(Parameter parameter) {
    return parameter.struct()
        ? "b8[" + parameter.bytes() + "]"
        : switch (parameter) {
          case PTR, I64 -> "u64";
          case I32 -> "u32";
          case F32 -> "f32";
          default -> throw new AssertionError("no PTX type for " + parameter);
        };
  }

  @Test
  void parametersAreThoseOfThePtx() throws IOException {
    for (Kernel kernel : Kernel.values()) {
      assertEquals(
          entries(kernel.module()).get(kernel.entry()),
          kernel.parameters().stream().map(KernelCatalogueTest::declared).toList(),
          kernel + " of " + kernel.module() + ".ptx");
    }
  }

  @Test
  void everyEntryIsInTheCatalogue() throws IOException {
    for (String module : KernelFolder.names()) {
      assertEquals(
          new TreeSet<>(entries(module).keySet()),
          Arrays.stream(Kernel.values())
              .filter(kernel -> kernel.module().equals(module))
              .map(Kernel::entry)
              .collect(Collectors.toCollection(TreeSet::new)),
          "entries of " + module + ".ptx");
    }
  }

  /** Atomic additions of floats come in no fixed order, and the sum rounds differently each time. */
  @Test
  void nothingAddsFloatsAtomically() throws IOException {
    Pattern floating = Pattern.compile("\\b(atom|red)\\.[\\w.:]*\\.add\\.[\\w.]*f(16|32|64)");
    for (String module : KernelFolder.names()) {
      Matcher atomic = floating.matcher(KernelFolder.ptx(module));
      assertFalse(atomic.find(), () -> module + ".ptx: " + atomic.group());
    }
  }

  /** What -use_fast_math makes of arithmetic. The functions' own inner steps may approximate where they know that it does no harm. */
  @Test
  void arithmeticIsNotFastMath() throws IOException {
    Pattern fast =
        Pattern.compile(
            "\\b(add|sub|mul|fma)[\\w.]*\\.ftz\\.f32|div\\.approx|div\\.full|\\bsqrt\\.approx");
    for (String module : KernelFolder.names()) {
      Matcher found = fast.matcher(KernelFolder.ptx(module));
      assertFalse(found.find(), () -> module + ".ptx: " + found.group());
    }
  }
}
