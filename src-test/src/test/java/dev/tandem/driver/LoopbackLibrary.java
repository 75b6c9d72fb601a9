package dev.tandem.driver;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A shared library for Linux on x86-64, written here, whose functions jump to wherever a table of addresses says. Loaded
 * before a library that needs one of its name, it takes that one's place: the dynamic linker looks among the names of what is
 * loaded before it looks for files. With upcall stubs in the table, native code then calls Java.
 */
final class LoopbackLibrary {
  private static final int JUMP = 6;

  private LoopbackLibrary() {}

  /** Whether such a library can be loaded here. */
  static boolean supported() {
    return System.getProperty("os.name").equals("Linux")
        && System.getProperty("os.arch").equals("amd64");
  }

  /**
   * Writes and loads a library, for as long as the process lives.
   *
   * @param functions what each of its functions jumps to
   */
  static void load(String soname, Map<String, MemorySegment> functions) throws IOException {
    Path file = Files.createTempFile("loopback-", ".so");
    try {
      load(file, soname, Optional.empty(), functions);
    } finally {
      Files.delete(file);
    }
  }

  /** The same, in a file whose name is its soname and its functions' version, as those of cuBLAS have. */
  static void loadVersioned(Path file, Map<String, MemorySegment> functions) throws IOException {
    String name = file.getFileName().toString();
    load(file, name, Optional.of(name), functions);
  }

  @SuppressWarnings("restricted")
  private static void load(
      Path file, String soname, Optional<String> version, Map<String, MemorySegment> functions)
      throws IOException {
    List<String> order = List.copyOf(functions.keySet());
    Files.write(file, SharedObject.of(soname, version, order, LoopbackLibrary::jump));
    MemorySegment table =
        SymbolLookup.libraryLookup(file, Arena.global())
            .findOrThrow(SharedObject.TABLE)
            .reinterpret(8L * order.size());
    for (int i = 0; i < order.size(); i++) {
      table.setAtIndex(ValueLayout.ADDRESS, i, functions.get(order.get(i)));
    }
  }

  /** {@code jmp *table(%rip)}, counted from the next instruction. */
  private static void jump(ByteBuffer image, int function, long table) {
    image.put((byte) 0xff).put((byte) 0x25).putInt(Math.toIntExact(table - JUMP));
  }
}
