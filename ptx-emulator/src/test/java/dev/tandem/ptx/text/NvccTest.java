package dev.tandem.ptx.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** All that the compiler made of the test kernels is read and linked, and nothing of it is lost. */
class NvccTest {
  private static final Path FOLDER = Path.of("src/test/resources/dev/tandem/ptx/unseen");
  private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+([\\w$]+)");

  static List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(FOLDER)) {
      return all.filter(p -> p.toString().endsWith(".ptx"))
          .filter(p -> !refused(p.getFileName().toString()))
          .sorted()
          .toList();
    }
  }

  /** Kernels that are there to be refused. */
  private static boolean refused(String file) {
    return file.startsWith("recursion.") || file.startsWith("function_pointers.");
  }

  @Test
  void thereAreFiles() throws IOException {
    assertTrue(files().size() >= 40, "got " + files().size());
  }

  @ParameterizedTest
  @MethodSource("files")
  void isReadAndLinked(Path file) throws IOException {
    String text = Files.readString(file);
    PtxModule module = Parser.parse(text);
    Matcher entries = ENTRY.matcher(text);
    int kernels = 0;
    while (entries.find()) {
      kernels++;
      check(Linker.link(module, entries.group(1)));
    }
    assertEquals(kernels, module.kernels().size());
    assertFalse(module.kernels().isEmpty());
  }

  private static void check(LinkedKernel kernel) {
    Set<String> system = Set.of("vprintf", "__assertfail", "malloc", "free");
    for (Instruction instruction : kernel.code()) {
      boolean called = false;
      for (Operand operand : instruction.operands()) {
        if (operand instanceof Operand.Target(String label, int index)) {
          assertTrue(index >= 0 && index < kernel.code().size(), label + " leads to " + index);
        }
        called |= operand instanceof Operand.FunctionAddress(String name) && system.contains(name);
      }
      assertEquals(instruction.opcode().equals("call"), called, instruction.name());
      if (instruction.space() == Space.PARAM && instruction.opcode().equals("ld")) {
        Operand base = ((Operand.Address) instruction.operand(1)).base();
        assertTrue(
            !(base instanceof Operand.Symbol(Variable variable, _))
                || kernel.parameters().contains(variable),
            instruction.name() + " on line " + instruction.line());
      }
      if (!instruction.modifiers().isEmpty() && instruction.opcode().equals("add")) {
        assertNotNull(instruction.type());
      }
    }
  }
}
