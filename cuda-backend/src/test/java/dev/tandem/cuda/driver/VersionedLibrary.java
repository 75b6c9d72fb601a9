package dev.tandem.cuda.driver;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes shared libraries for Linux on x86-64 whose functions jump to addresses in a table, and bear a version: JCublas's
 * native library asks for that of libcublas.so.12, and the dynamic linker ends the process where it is missing. Formats are
 * those of the System V ABI, chapters 4 and 5, and of the Linux Standard Base, symbol versioning.
 *
 * @param soname the library's own name
 * @param version of all its symbols
 * @param needed another library's soname that it asks for
 */
record VersionedLibrary(String soname, String version, Optional<String> needed) {
  private static final String SLOTS = "slots";
  private static final int PAGE = 4096;
  private static final int HEADERS = 64 + 3 * 56;
  private static final int SYMBOL_BYTES = 24;
  private static final int JUMP_BYTES = 6;
  private static final int DYNAMIC_BYTES = 11 * 16;

  /** Strings, each ended by 0, and where they begin. */
  private static final class Strings {
    private final StringBuilder text = new StringBuilder("\0");

    int add(String string) {
      int at = text.length();
      text.append(string).append('\0');
      return at;
    }

    byte[] bytes() {
      return text.toString().getBytes(StandardCharsets.US_ASCII);
    }
  }

  /** Where the parts lie, in the file and in memory. */
  private record Parts(
      int hash, int symbols, int versions, int definitions, int strings, int code) {
    static Parts of(int symbols, int stringBytes) {
      int hash = HEADERS;
      int table = align(hash + 4 * (2 + 1 + symbols), 8);
      int versions = table + symbols * SYMBOL_BYTES;
      int definitions = align(versions + symbols * 2, 8);
      int strings = definitions + 2 * 28;
      return new Parts(
          hash, table, versions, definitions, strings, align(strings + stringBytes, 16));
    }

    private static int align(int value, int to) {
      return Math.ceilDiv(value, to) * to;
    }
  }

  /** Writes the library with these functions. */
  void write(Path file, List<String> functions) throws IOException {
    List<String> symbols = new ArrayList<>(List.of("", SLOTS));
    symbols.addAll(functions);
    Strings strings = new Strings();
    int[] names = symbols.stream().mapToInt(strings::add).toArray();
    int sonameAt = strings.add(soname);
    int versionAt = strings.add(version);
    int neededAt = strings.add(needed.orElse(""));
    Parts parts = Parts.of(symbols.size(), strings.bytes().length);
    int dynamic = Parts.align(parts.code + functions.size() * JUMP_BYTES, PAGE);
    int slots = dynamic + DYNAMIC_BYTES;
    int end = slots + functions.size() * 8;
    ByteBuffer image = ByteBuffer.allocate(end).order(ByteOrder.LITTLE_ENDIAN);

    headers(image, dynamic, end);
    hash(image.position(parts.hash), symbols.size());
    image.position(parts.symbols + SYMBOL_BYTES);
    symbol(image, names[1], 1, slots, functions.size() * 8);
    for (int i = 0; i < functions.size(); i++) {
      symbol(image, names[2 + i], 2, parts.code + i * JUMP_BYTES, JUMP_BYTES);
    }
    image.position(parts.versions + 2);
    symbols.stream().skip(1).forEach(_ -> image.putShort((short) 2));
    image.position(parts.definitions);
    definition(image, 1, soname, sonameAt, 28); // the file itself
    definition(image, 2, version, versionAt, 0);
    image.position(parts.strings).put(strings.bytes());
    image.position(parts.code);
    for (int i = 0; i < functions.size(); i++) { // jmp *slot(%rip)
      int next = image.position() + JUMP_BYTES;
      image.put((byte) 0xFF).put((byte) 0x25).putInt(slots + 8 * i - next);
    }
    image.position(dynamic);
    entry(image, 14, sonameAt);
    entry(image, 4, parts.hash);
    entry(image, 5, parts.strings);
    entry(image, 10, strings.bytes().length);
    entry(image, 6, parts.symbols);
    entry(image, 11, SYMBOL_BYTES);
    entry(image, 0x6FFF_FFF0, parts.versions);
    entry(image, 0x6FFF_FFFC, parts.definitions);
    entry(image, 0x6FFF_FFFD, 2);
    if (needed.isPresent()) {
      entry(image, 1, neededAt);
    }
    Files.write(file, image.array()); // the last entry is of zeros, as the list's end is
  }

  /** Lets the functions of a library written here, once opened, jump to those of another. */
  @SuppressWarnings("restricted")
  static void connect(SymbolLookup library, List<String> functions, SymbolLookup to) {
    MemorySegment slots = library.find(SLOTS).orElseThrow().reinterpret(8L * functions.size());
    for (int i = 0; i < functions.size(); i++) {
      slots.setAtIndex(ValueLayout.ADDRESS, i, to.find(functions.get(i)).orElseThrow());
    }
  }

  private static void headers(ByteBuffer image, int dynamic, int end) {
    image.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
    image.putShort((short) 3).putShort((short) 62).putInt(1); // a shared object, for x86-64
    image.putLong(0).putLong(64).putLong(0).putInt(0); // program headers follow; no sections
    image.putShort((short) 64).putShort((short) 56).putShort((short) 3);
    image.putShort((short) 64).putShort((short) 0).putShort((short) 0);
    segment(image, 1, 4 | 1, 0, dynamic);
    segment(image, 1, 4 | 2, dynamic, end);
    segment(image, 2, 4 | 2, dynamic, dynamic + DYNAMIC_BYTES);
  }

  private static void segment(ByteBuffer image, int type, int access, int from, int to) {
    image.putInt(type).putInt(access).putLong(from).putLong(from).putLong(from);
    image.putLong(to - from).putLong(to - from).putLong(type == 1 ? PAGE : 8);
  }

  /** A hash table of one bucket: a list of all symbols. */
  private static void hash(ByteBuffer image, int symbols) {
    image.putInt(1).putInt(symbols).putInt(1).putInt(0);
    for (int i = 1; i < symbols; i++) {
      image.putInt(i + 1 < symbols ? i + 1 : 0);
    }
  }

  private static void symbol(ByteBuffer image, int name, int type, int at, int bytes) {
    image.putInt(name).put((byte) (1 << 4 | type)).put((byte) 0).putShort((short) 1);
    image.putLong(at).putLong(bytes);
  }

  private static void definition(ByteBuffer image, int index, String name, int nameAt, int next) {
    int base = index == 1 ? 1 : 0;
    image.putShort((short) 1).putShort((short) base).putShort((short) index).putShort((short) 1);
    image.putInt(hash(name)).putInt(20).putInt(next).putInt(nameAt).putInt(0);
  }

  /** The ABI's hash of a name. */
  private static int hash(String name) {
    int value = 0;
    for (int i = 0; i < name.length(); i++) {
      value = (value << 4) + name.charAt(i);
      int top = value & 0xF000_0000;
      value = (value ^ top >>> 24) & ~top;
    }
    return value;
  }

  private static void entry(ByteBuffer image, int tag, int value) {
    image.putLong(tag).putLong(value);
  }
}
