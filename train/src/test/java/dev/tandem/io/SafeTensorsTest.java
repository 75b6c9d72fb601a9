package dev.tandem.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The format, byte by byte: files made by hand, by the format's own library, and by someone with bad intentions. */
class SafeTensorsTest {
  @TempDir Path folder;

  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = folder.resolve("x.safetensors");
  }

  // ---- what is right

  @Test
  void readsAFileMadeByHand() throws IOException {
    write(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[1,9]},"
            + "\"__metadata__\":{\"k\":\"v\"},\"m\":{\"data_offsets\":[0,1],\"shape\":[1],\"dtype\":\"U8\"}}   ",
        7,
        0,
        0,
        0x80,
        0x3f,
        0,
        0,
        0x20,
        0xc0);
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      assertEquals(List.of("w", "m"), List.copyOf(opened.entries().keySet()), "the header's order");
      assertEquals(Map.of("k", "v"), opened.metadata());
      Entry w = opened.entries().get("w");
      assertEquals(TensorType.f32(2, 1), w.type());
      // Not aligned in this file, and read all the same.
      assertArrayEquals(
          new float[] {1, -2.5f}, w.bytes().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
      assertArrayEquals(
          new byte[] {7}, opened.entries().get("m").bytes().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void writesWhatTheFormatsOwnLibraryWrites() throws IOException {
    Map<String, SafeTensors.Source> tensors = new LinkedHashMap<>();
    tensors.put("f.empty", source(TensorType.f32(0, 4)));
    tensors.put("A.half", source(new TensorType(DType.F16, Shape.of(2)), 0x00, 0x3e, 0x00, 0xc0));
    tensors.put("e.scalar", source(TensorType.f32(), MemorySegment.ofArray(new float[] {3.5f})));
    tensors.put("b.mask", source(new TensorType(DType.U8, Shape.of(3)), 0, 1, 255));
    tensors.put(
        "c.index",
        source(
            new TensorType(DType.I32, Shape.of(2)),
            MemorySegment.ofArray(new int[] {-1, Integer.MAX_VALUE})));
    tensors.put(
        "a.weight",
        source(
            TensorType.f32(2, 3),
            MemorySegment.ofArray(new float[] {-0.5f, -0.25f, 0, 0.25f, 0.5f, 0.75f})));
    tensors.put(
        "d.wide",
        source(
            new TensorType(DType.F64, Shape.of(2)),
            MemorySegment.ofArray(new double[] {0.1, -2.5e300})));
    SafeTensors.writeSources(file, tensors, Map.of("made by", "safetensors \"0.8\" ü"));
    try (InputStream golden = SafeTensorsTest.class.getResourceAsStream("golden.safetensors")) {
      assertArrayEquals(golden.readAllBytes(), Files.readAllBytes(file));
    }
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      assertEquals(7, opened.entries().size());
      tensors.forEach(
          (name, tensor) -> assertEquals(tensor.type(), opened.entries().get(name).type(), name));
      assertEquals(Map.of("made by", "safetensors \"0.8\" ü"), opened.metadata());
    }
  }

  @Test
  void theOrderOfTensorsAndMetadataDoesNotMatter() throws IOException {
    Map<String, SafeTensors.Source> one = new LinkedHashMap<>();
    one.put("x", source(TensorType.f32(1), 1, 2, 3, 4));
    one.put("a", source(new TensorType(DType.U8, Shape.of(1)), 5));
    Map<String, SafeTensors.Source> other = new LinkedHashMap<>();
    other.put("a", one.get("a"));
    other.put("x", one.get("x"));
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("z", "1");
    metadata.put("b", "2");
    SafeTensors.writeSources(file, one, metadata);
    Path second = folder.resolve("second");
    SafeTensors.writeSources(second, other, new TreeMap<>(metadata));
    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(second));
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertTrue(text.contains("{\"b\":\"2\",\"z\":\"1\"}"), text);
    assertEquals(0, Files.readAllBytes(file)[0] % 8, "data begin aligned");
  }

  @Test
  void aFileWithoutTensorsIsOne() throws IOException {
    SafeTensors.writeSources(file, Map.of(), Map.of());
    assertArrayEquals(bytes("{}      "), Files.readAllBytes(file));
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      assertTrue(opened.entries().isEmpty());
    }
  }

  @Test
  void passesOverElementTypesThatTandemDoesNotHave() throws IOException {
    write(
        "{\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}", 1, 0, 0, 0, 0, 0, 0, 0);
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      Entry entry = opened.entries().get("n");
      assertFalse(entry.known());
      assertEquals("I64 ()", entry.toString());
      FileException refused = assertThrows(FileException.class, entry::type);
      assertEquals(
          "safetensors: an element type that Tandem does not have, got I64 (); convert the tensor to F32 or I32",
          refused.getMessage());
    }
  }

  // ---- what is wrong

  @Test
  void refusesAFileThatIsTooShort() throws IOException {
    for (int length : new int[] {0, 7}) {
      Files.write(file, new byte[length]);
      refused("is too short for the format, got " + length + " bytes; give a safetensors file");
    }
    Files.write(file, new byte[8]);
    refused("has no header, got another character than { at byte 8; give a safetensors file");
  }

  @Test
  void refusesAHeaderLengthThatTheFileDoesNotHold() throws IOException {
    for (long length : new long[] {3, 100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      Files.write(
          file, ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
      refused(
          "has a header that cannot be, got a length of "
              + Long.toUnsignedString(length)
              + " in a file of 10 bytes; it is cut off, or no safetensors file");
    }
  }

  @Test
  void refusesBrokenJson() throws IOException {
    String[] broken = {
      "{",
      "{\"a\"",
      "{\"a\":",
      "{]",
      "{\"a\":{}}",
      "{\"__metadata__\":[]}",
      "{\"__metadata__\":{\"a\":1}}",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,0],\"x\":0}}",
      "{\"a\":3}",
      "{} {}",
      "{}x",
      "[]",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":{},\"data_offsets\":[0,1]}}",
      "{\"a\":[[[[[[[[[[[[[[[[[[[[",
      "{\"\\ud800\":1}"
    };
    for (String json : broken) {
      write(json);
      refused("");
    }
  }

  @Test
  void refusesDuplicateNames() throws IOException {
    String one = "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}";
    write("{" + one + "," + one + "}", 1);
    refused("has a broken header, got Duplicate field 'a'; it is damaged: copy or write it anew");
    write("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}");
    refused("Duplicate field 'k'");
    write("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
    refused("Duplicate field 'dtype'");
  }

  @Test
  void refusesPlacesThatDoNotFitTheShape() throws IOException {
    String[] wrong = {
      place("F32", "[2]", "[0,4]"),
      place("F32", "[1]", "[4,0]"),
      place("F32", "[]", "[0,5]"),
      place("F32", "[1]", "[0,4,8]"),
      place("F32", "[1]", "[0]"),
      place("F32", "[1]", "[0,4.0]"),
      place("F32", "[-1]", "[0,4]"),
      place("F32", "[1]", "[-4,0]"),
      place("F32", "[1e0]", "[0,4]"),
      place("F32", "[4294967297]", "[0,4]"),
      place("F32", "[2147483647,2147483647,2147483647]", "[0,4]"),
      place("F64", "[2147483647,2147483647]", "[0,9223372036854775807]"),
      place("F32", "[18446744073709551617]", "[0,4]"),
      place("F32", "[1]", "[0,18446744073709551620]"),
      place("f32", "[1]", "[0,4]"),
      place("F4", "[1]", "[0,4]"),
      place("F32", "[\"1\"]", "[0,4]"),
      place("F32", "[" + "1,".repeat(64) + "1]", "[0,4]"),
      place("F32", "null", "[0,4]")
    };
    for (String json : wrong) {
      write(json, 0, 0, 0, 0);
      refused("'t'");
    }
    write(place("F32", "[2]", "[0,4]"), 0, 0, 0, 0);
    refused(
        "gives 't' bytes that do not fit its shape, got [0, 4] for F32 (2) of 8 bytes; it is damaged: copy or write"
            + " it anew");
  }

  @Test
  void refusesDataThatAreNotCoveredExactly() throws IOException {
    String header =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[%d,%d]}}";
    write(header.formatted(2, 4), 1, 2, 3);
    refused("is cut off, got 3 bytes of data where the header describes 4; copy or write it anew");
    write(header.formatted(2, 4), 1, 2, 3, 4, 5);
    refused("has bytes that belong to no tensor, got 5 bytes of data where the header describes 4");
    write(header.formatted(1, 3), 1, 2, 3);
    refused("has overlapping tensors at 'b', got data up to byte 2, then a tensor from byte 1");
    write(header.formatted(0, 2), 1, 2);
    refused("has overlapping tensors at 'b'");
    write(header.formatted(3, 5), 1, 2, 3, 4, 5);
    refused("has a hole before 'b', got data up to byte 2, then a tensor from byte 3");
    write(header.formatted(1L << 40, (1L << 40) + 2), 1, 2);
    refused("has a hole before 'b'");
  }

  @Test
  void messagesStayOneLineWhateverTheFileSays() throws IOException {
    write(
        "{\"\\n\\u001b[31m"
            + "y".repeat(300)
            + "\":{\"dtype\":\"\\r\\n\",\"shape\":[],\"data_offsets\":[0,0]}}");
    FileException refused = refused("an unknown element type, got ' '");
    assertTrue(
        refused.getMessage().length() < 300 + file.toString().length(), refused.getMessage());
  }

  /** Every prefix of a file, and every file with one bit turned, is refused with a sentence or reads as another file. */
  @Test
  void damageIsRefusedOrHarmless() throws IOException {
    byte[] whole;
    try (InputStream golden = SafeTensorsTest.class.getResourceAsStream("golden.safetensors")) {
      whole = golden.readAllBytes();
    }
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      refused("");
    }
    SplittableRandom random = new SplittableRandom(1);
    int refusals = 0;
    int header = 8 + 480;
    for (int i = 0; i < 600; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(header)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, damaged);
      try (SafeTensorsFile opened = SafeTensors.open(file)) {
        opened.entries().values().forEach(entry -> entry.bytes().toArray(ValueLayout.JAVA_BYTE));
      } catch (FileException e) {
        assertSentence(e);
        refusals++;
      }
    }
    // A bit in a name or in the metadata's text gives another good file; elsewhere in the header it
    // is noticed.
    assertTrue(refusals > 300, "refused " + refusals + " of 600");
  }

  @Test
  void namesTheFileThatCannotBeRead() {
    refused("cannot be read, got no such file or folder; check the path");
    FileException refused = assertThrows(FileException.class, () -> SafeTensors.open(folder));
    assertEquals(
        "safetensors: a folder where a file should be, got " + folder + "; name the file in it",
        refused.getMessage());
  }

  @Test
  void aTensorMayNotBeNamedMetadata() {
    FileException refused =
        assertThrows(
            FileException.class,
            () ->
                SafeTensors.writeSources(
                    file, Map.of("__metadata__", source(TensorType.f32(0))), Map.of()));
    assertSentence(refused);
    assertFalse(Files.exists(file));
  }

  @Test
  void aFailedWriteLeavesTheOldFileAlone() throws IOException {
    SafeTensors.writeSources(file, Map.of("w", source(TensorType.f32(1), 1, 2, 3, 4)), Map.of());
    byte[] before = Files.readAllBytes(file);
    Map<String, SafeTensors.Source> tensors = new LinkedHashMap<>();
    tensors.put("a", source(TensorType.f32(1), 9, 9, 9, 9));
    tensors.put(
        "b",
        new SafeTensors.Source(
            TensorType.f32(1),
            _ -> {
              throw new IllegalStateException("the device is gone");
            }));
    assertThrows(
        IllegalStateException.class, () -> SafeTensors.writeSources(file, tensors, Map.of()));
    assertArrayEquals(before, Files.readAllBytes(file));
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(file), left.toList());
    }
  }

  // ---- the hand that makes files

  private static String place(String dtype, String shape, String offsets) {
    return "{\"t\":{\"dtype\":\""
        + dtype
        + "\",\"shape\":"
        + shape
        + ",\"data_offsets\":"
        + offsets
        + "}}";
  }

  private static byte[] bytes(String header, int... data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < 8; i++) {
      bytes.write((int) ((long) json.length >>> (8 * i)) & 0xff);
    }
    bytes.writeBytes(json);
    for (int value : data) {
      bytes.write(value);
    }
    return bytes.toByteArray();
  }

  private void write(String header, int... data) throws IOException {
    Files.write(file, bytes(header, data));
  }

  private static SafeTensors.Source source(TensorType type, int... bytes) {
    byte[] elements = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      elements[i] = (byte) bytes[i];
    }
    return source(type, MemorySegment.ofArray(elements));
  }

  private static SafeTensors.Source source(TensorType type, MemorySegment elements) {
    return new SafeTensors.Source(type, target -> target.copyFrom(elements));
  }

  private FileException refused(String part) {
    FileException refused = assertThrows(FileException.class, () -> SafeTensors.open(file).close());
    assertSentence(refused);
    assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    assertTrue(
        refused.getMessage().contains(part),
        () -> "'" + part + "' is missing from: " + refused.getMessage());
    return refused;
  }

  static void assertSentence(FileException refused) {
    assertTrue(
        refused.getMessage().matches("[^:]+: .+, got .+; .+"),
        () -> "not the house form: " + refused.getMessage());
  }
}
