package dev.tandem.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A shared library for Linux on x86-64, written here byte by byte: functions of a few instructions each, and a table of 64-bit
 * words, one a function, that they may use and whoever loads the library may write to.
 *
 * <p>System V ABI, gABI chapters 4 and 5: a file header, program headers, hash table, symbols, strings and code in one
 * segment; the dynamic section and the table in another, which can be written to. Section headers are for linkers; the dynamic
 * linker needs none. Where it is asked for, all functions bear a version, as the Linux Standard Base has it (symbol versioning).
 */
public final class SharedObject {
  /** The symbol of the table. */
  static final String TABLE = "loopback_table";

  /** What there is room for, in bytes, of a function's code. */
  private static final int CODE = 16;

  private static final int PAGE = 4096;
  private static final int FILE_HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int PROGRAM_HEADERS = 4;
  private static final int SYMBOL = 24;
  private static final int DYNAMIC_ENTRIES = 6 + 3 + 1;
  private static final int DEFINITION = 28;

  private static final int LOADED = 1;
  private static final int DYNAMIC = 2;
  private static final int STACK = 0x6474e551;
  private static final int EXECUTE = 1;
  private static final int WRITE = 2;
  private static final int READ = 4;

  private final String soname;
  private final Optional<String> version;
  private final List<String> functions;
  private final StringBuilder strings = new StringBuilder("\0");
  private final long hash;
  private final long symbols;
  private final long versions;
  private final long definitions;
  private final long names;
  private final long code;
  private final long dynamic;
  private final long table;
  private final ByteBuffer image;

  private SharedObject(String soname, Optional<String> version, List<String> functions) {
    this.soname = soname;
    this.version = version;
    this.functions = functions;
    int count = functions.size() + 2; // the empty symbol and the table
    int stringBytes =
        2
            + soname.length()
            + version.map(name -> name.length() + 1).orElse(0)
            + TABLE.length()
            + 1
            + functions.stream().mapToInt(f -> f.length() + 1).sum();
    hash = FILE_HEADER + (long) PROGRAM_HEADERS * PROGRAM_HEADER;
    symbols = align(hash + 4L * (2 + count + count), 8);
    versions = symbols + (long) count * SYMBOL;
    definitions = align(versions + 2L * count, 8);
    names = definitions + 2 * DEFINITION;
    code = align(names + stringBytes, 16);
    dynamic = align(code + (long) functions.size() * CODE, PAGE);
    table = dynamic + DYNAMIC_ENTRIES * 16L;
    image = ByteBuffer.allocate(Math.toIntExact(table + 8L * functions.size()));
    image.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A function's machine code, {@value #CODE} bytes at most. */
  public interface Code {
    /**
     * Writes it.
     *
     * @param image where, at its position
     * @param function which of them, from 0
     * @param table the address of the function's word in the table, counted from the first byte of the code
     */
    void write(ByteBuffer image, int function, long table);
  }

  /**
   * A library's file.
   *
   * @param version what all functions bear, if anything
   * @param functions names, in the order of their words in the table
   */
  public static byte[] of(
      String soname, Optional<String> version, List<String> functions, Code code) {
    return new SharedObject(soname, version, functions).write(code);
  }

  private byte[] write(Code body) {
    int sonameAt = string(soname);
    fileHeader();
    segment(LOADED, READ | EXECUTE, 0, dynamic);
    segment(LOADED, READ | WRITE, dynamic, image.capacity() - dynamic);
    segment(DYNAMIC, READ | WRITE, dynamic, DYNAMIC_ENTRIES * 16L);
    segment(STACK, READ | WRITE, 0, 0);
    List<String> all = new ArrayList<>(List.of(""));
    all.add(TABLE);
    all.addAll(functions);
    hashTable(all);
    image.position(Math.toIntExact(symbols + SYMBOL));
    symbol(TABLE, 1, table, 8L * functions.size());
    for (int i = 0; i < functions.size(); i++) {
      symbol(functions.get(i), 2, code + (long) i * CODE, CODE);
    }
    version.ifPresent(name -> versions(name, sonameAt, all.size()));
    image.position(Math.toIntExact(names));
    image.put(strings.toString().getBytes(StandardCharsets.US_ASCII));
    for (int i = 0; i < functions.size(); i++) {
      long at = code + (long) i * CODE;
      image.position(Math.toIntExact(at));
      body.write(image, i, table + 8L * i - at);
    }
    image.position(Math.toIntExact(dynamic));
    image.putLong(14).putLong(sonameAt); // DT_SONAME
    image.putLong(4).putLong(hash); // DT_HASH
    image.putLong(5).putLong(names); // DT_STRTAB
    image.putLong(6).putLong(symbols); // DT_SYMTAB
    image.putLong(10).putLong(strings.length()); // DT_STRSZ
    image.putLong(11).putLong(SYMBOL); // DT_SYMENT, and zeros, DT_NULL, after the last
    if (version.isPresent()) {
      image.putLong(0x6ffffff0).putLong(versions); // DT_VERSYM
      image.putLong(0x6ffffffc).putLong(definitions); // DT_VERDEF
      image.putLong(0x6ffffffd).putLong(2); // DT_VERDEFNUM
    }
    return image.array();
  }

  private void fileHeader() {
    image.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0); // 64 bits, little-endian
    image.putShort((short) 3).putShort((short) 62).putInt(1); // ET_DYN, EM_X86_64
    image.putLong(0).putLong(FILE_HEADER).putLong(0).putInt(0); // no entry, no sections
    image.putShort((short) FILE_HEADER);
    image.putShort((short) PROGRAM_HEADER).putShort((short) PROGRAM_HEADERS);
    image.putShort((short) 64).putShort((short) 0).putShort((short) 0);
  }

  /** Addresses are offsets in the file. */
  private void segment(int type, int flags, long at, long bytes) {
    image.putInt(type).putInt(flags).putLong(at).putLong(at).putLong(at);
    image.putLong(bytes).putLong(bytes).putLong(type == LOADED ? PAGE : 8);
  }

  private void hashTable(List<String> all) {
    int count = all.size();
    int[] buckets = new int[count];
    int[] chains = new int[count];
    for (int i = 1; i < count; i++) {
      int bucket = Integer.remainderUnsigned(hash(all.get(i)), count);
      chains[i] = buckets[bucket];
      buckets[bucket] = i;
    }
    image.position(Math.toIntExact(hash));
    image.putInt(count).putInt(count);
    for (int bucket : buckets) {
      image.putInt(bucket);
    }
    for (int chain : chains) {
      image.putInt(chain);
    }
  }

  /** The gABI's hash of a name. */
  private static int hash(String name) {
    int value = 0;
    for (char c : name.toCharArray()) {
      value = (value << 4) + c;
      int high = value & 0xf0000000;
      value = (value ^ high >>> 24) & ~high;
    }
    return value;
  }

  /** A global symbol; its section's number says no more than that it is defined. */
  private void symbol(String name, int type, long at, long bytes) {
    image.putInt(string(name)).put((byte) (1 << 4 | type)).put((byte) 0).putShort((short) 1);
    image.putLong(at).putLong(bytes);
  }

  /** Two versions: the file's own, which no symbol has, and that of all symbols but the empty one. */
  private void versions(String name, int sonameAt, int count) {
    int nameAt = string(name);
    image.position(Math.toIntExact(versions + 2));
    for (int i = 1; i < count; i++) {
      image.putShort((short) 2);
    }
    image.position(Math.toIntExact(definitions));
    definition(1, soname, sonameAt, DEFINITION);
    definition(2, name, nameAt, 0);
  }

  /** Verdef and its one Verdaux; 1 marks the file's own. */
  private void definition(int index, String name, int nameAt, int next) {
    int flags = index == 1 ? 1 : 0;
    image.putShort((short) 1).putShort((short) flags).putShort((short) index).putShort((short) 1);
    image.putInt(hash(name)).putInt(20).putInt(next).putInt(nameAt).putInt(0);
  }

  private int string(String text) {
    int at = strings.length();
    strings.append(text).append('\0');
    return at;
  }

  private static long align(long value, int to) {
    return (value + to - 1) / to * to;
  }
}
