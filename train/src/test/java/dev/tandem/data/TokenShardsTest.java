package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenShardsTest {
  @TempDir Path folder;

  private Path file(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  /** A header of llm.c's, byte by byte, and what follows it. */
  private static byte[] headed(String first12, String tokens) {
    byte[] all = new byte[1024 + tokens.length() / 2];
    byte[] start = HexFormat.of().parseHex(first12);
    System.arraycopy(start, 0, all, 0, start.length);
    byte[] rest = HexFormat.of().parseHex(tokens);
    System.arraycopy(rest, 0, all, 1024, rest.length);
    return all;
  }

  private static int[] all(TokenSequence tokens) {
    int[] all = new int[(int) tokens.size()];
    tokens.copy(0, all, 0, all.length);
    return all;
  }

  @Test
  void threeLayoutsAreRead() throws IOException {
    // 20240520 = 0x0134D888; version 1; 3 tokens: 15496, 995, 50256.
    Path llmC = file("a.bin", headed("88d83401" + "01000000" + "03000000", "883ce30350c4"));
    assertArrayEquals(new int[] {15496, 995, 50256}, all(TokenShards.open(List.of(llmC), 50_257)));
    // 20240801 = 0x0134D9A1; version 7; 2 tokens: 128000 = 0x1F400 and 5.
    Path llama = file("b.bin", headed("a1d93401" + "07000000" + "02000000", "00f4010005000000"));
    assertArrayEquals(new int[] {128_000, 5}, all(TokenShards.open(List.of(llama), 128_256)));
    Path nano = file("c.bin", HexFormat.of().parseHex("883ce30350c4"));
    assertArrayEquals(new int[] {15496, 995, 50256}, all(TokenShards.open(List.of(nano), 50_257)));
    Path one = file("d.bin", HexFormat.of().parseHex("ffff"));
    assertArrayEquals(new int[] {65_535}, all(TokenShards.open(List.of(one), 65_536)));
  }

  @Test
  void shardsFollowEachOther() throws IOException {
    Path a = file("a.bin", HexFormat.of().parseHex("000001000200"));
    Path b = file("b.bin", headed("88d83401" + "01000000" + "01000000", "0300"));
    Path c = file("c.bin", HexFormat.of().parseHex("04000500"));
    TokenShards shards = TokenShards.open(List.of(a, b, c), 6);
    assertEquals(6, shards.size());
    for (int from = 0; from <= 6; from++) {
      for (int count = 0; from + count <= 6; count++) {
        int[] into = new int[count + 2];
        Arrays.fill(into, -1);
        shards.copy(from, into, 1, count);
        assertEquals(-1, into[0]);
        assertEquals(-1, into[count + 1]);
        for (int i = 0; i < count; i++) {
          assertEquals(from + i, into[i + 1]);
        }
      }
    }
    assertThrows(IndexOutOfBoundsException.class, () -> shards.copy(5, new int[2], 0, 2));
    TokenSequence part = shards.part(2, 5);
    assertArrayEquals(new int[] {2, 3, 4}, all(part));
    assertThrows(IndexOutOfBoundsException.class, () -> part.copy(2, new int[2], 0, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> shards.part(2, 7));
    TokenWindows windows = TokenWindows.adjoining("t", shards, 4);
    Batch batch = windows.read(new int[] {0}, 0, 1);
    assertArrayEquals(new int[] {0, 1, 2, 3}, ((Values.Ints) batch.inputs()).data());
    assertArrayEquals(new int[] {1, 2, 3, 4}, ((Values.Ints) batch.targets()).data());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          an empty file | '' | 0 | holds no tokens, got an empty file; remove it, or write it anew
          half a token | 000001 | 0 | has no header that is known, and half a token at its end, got 3 bytes for tokens of 2; give files of llm.c's or nanoGPT's layout
          one byte | 07 | 0 | has no header that is known, and half a token at its end, got 1 bytes for tokens of 2; give files of llm.c's or nanoGPT's layout
          a header cut off | 88d83401 01000000 01000000 | 0 | ends within its header of 1024 bytes, got 12 bytes; copy or write it anew
          another version | 88d83401 02000000 01000000 | 1014 | is of another version of the format, got version 2 where 1 is known; write it anew
          the other's version | a1d93401 01000000 01000000 | 1016 | is of another version of the format, got version 1 where 7 is known; write it anew
          a count too high | 88d83401 01000000 02000000 | 1014 | has a header that contradicts its length, got a count of 2 tokens of 2 bytes in 1026 bytes; it is cut off or damaged: copy or write it anew
          a count too low | 88d83401 01000000 01000000 | 1016 | has a header that contradicts its length, got a count of 1 tokens of 2 bytes in 1028 bytes; it is cut off or damaged: copy or write it anew
          no tokens | 88d83401 01000000 00000000 | 1012 | has a header that contradicts its length, got a count of 0 tokens of 2 bytes in 1024 bytes; it is cut off or damaged: copy or write it anew
          a negative count | 88d83401 01000000 00feffff | 1012 | has a header that contradicts its length, got a count of -512 tokens of 2 bytes in 1024 bytes; it is cut off or damaged: copy or write it anew
          a count that overflows | 88d83401 01000000 ffffff7f | 1014 | has a header that contradicts its length, got a count of 2147483647 tokens of 2 bytes in 1026 bytes; it is cut off or damaged: copy or write it anew
          half a wide token | a1d93401 07000000 01000000 | 1014 | has a header that contradicts its length, got a count of 1 tokens of 4 bytes in 1026 bytes; it is cut off or damaged: copy or write it anew
          the other byte order | 0134d888 00000001 00000001 | 1014 | was written on a machine of the other byte order, got magic number 88D83401; write it anew, little-endian
          """)
  void hostileFilesAreRefused(String what, String start, int zeros, String message)
      throws IOException {
    byte[] head = HexFormat.of().parseHex(start.replace(" ", ""));
    Path file = file("x.bin", Arrays.copyOf(head, head.length + zeros));
    refused("tokens: " + file + " " + message, () -> TokenShards.open(List.of(file), 300));
  }

  @Test
  void tokensOutsideTheVocabularyAreFoundWhereTheyAre() throws IOException {
    Path small = file("small.bin", HexFormat.of().parseHex("000001002c01"));
    refused(
        "tokens: "
            + small
            + " holds a token outside the vocabulary of 300, got 300 at position 2; name the tokenizer that made the"
            + " file, or write it anew",
        () -> TokenShards.open(List.of(small), 300));
    assertEquals(3, TokenShards.open(List.of(small), 301).size());
    Path wide = file("wide.bin", headed("a1d93401" + "07000000" + "01000000", "ffffffff"));
    refused(
        "tokens: "
            + wide
            + " holds a token outside the vocabulary of 2147483647, got 4294967295 at position 0; name the tokenizer"
            + " that made the file, or write it anew",
        () -> TokenShards.open(List.of(wide), Integer.MAX_VALUE));
    // Far from the start: found when it is read, after a shard that is good.
    byte[] long1 = new byte[400_000];
    long1[300_001] = 2; // token 150,000 is 512
    Path far = file("far.bin", long1);
    TokenShards shards = TokenShards.open(List.of(small, far), 301);
    shards.copy(0, new int[1000], 0, 1000);
    refused(
        "tokens: "
            + far
            + " holds a token outside the vocabulary of 301, got 512 at position 150000; name the tokenizer that made the"
            + " file, or write it anew",
        () -> shards.copy(149_000, new int[2000], 0, 2000));
  }

  /** Whatever is in a file: it is read, or refused with a sentence. */
  @Test
  void noFileIsBelieved() throws IOException {
    Random random = new Random(4);
    int[] known = {20240520, 20240801, 1, 7, 0, 2, 3, -1, Integer.MAX_VALUE};
    int read = 0;
    for (int i = 0; i < 500; i++) {
      ByteBuffer bytes =
          ByteBuffer.allocate(
                  random.nextInt(2) == 0 ? random.nextInt(20) : 1022 + random.nextInt(12))
              .order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.position() < 12 && bytes.remaining() >= 4) {
        bytes.putInt(known[random.nextInt(known.length)]);
      }
      Path file = file("x.bin", bytes.array());
      try {
        TokenShards shards = TokenShards.open(List.of(file), 65_536);
        read += all(shards).length > 0 ? 1 : 0;
      } catch (DataException e) {
        assertTrue(e.getMessage().matches("tokens: " + file + " .+, got .+; .+"), e.getMessage());
      }
    }
    assertTrue(read > 50 && read < 450, read + " of 500 could be read");
  }

  /** 5 GiB, of which a disk keeps only what was written: far more than heap, and beyond 32 bits. */
  @Test
  void filesMayBeLargerThanTheHeap() throws IOException {
    Path file = folder.resolve("large.bin");
    long tokens = 5L << 29;
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(tokens * 2);
      large.seek((tokens - 4) * 2);
      large.write(HexFormat.of().parseHex("0100020003000400"));
    }
    assertTrue(Files.size(file) > Runtime.getRuntime().maxMemory());
    TokenShards shards = TokenShards.open(List.of(file, file), 50_257);
    assertEquals(2 * tokens, shards.size());
    int[] end = new int[5];
    shards.copy(tokens - 4, end, 0, 5);
    assertArrayEquals(new int[] {1, 2, 3, 4, 0}, end);
    TokenWindows windows = TokenWindows.adjoining("large", shards, 4096).spread(1000);
    int[] last = ((Values.Ints) windows.read(new int[] {999}, 0, 1).targets()).data();
    assertArrayEquals(new int[] {0, 1, 2, 3, 4}, Arrays.copyOfRange(last, 4091, 4096));
    BatchLoader loader = BatchLoader.of(windows.random(64), 8).shuffled(1);
    try (Batches batches = loader.epoch(0)) {
      batches.forEach(batch -> assertEquals(8, batch.size()));
    }
  }

  @Test
  void writtenHeadersAreLlmCs() {
    ByteBuffer header = ShardFormat.of(50_257).header(7).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(1024, header.remaining());
    assertEquals(20240520, header.getInt());
    assertEquals(1, header.getInt());
    assertEquals(7, header.getInt());
    assertEquals(0, header.getInt());
    assertEquals(ShardFormat.UINT16, ShardFormat.of(65_536));
    ByteBuffer wide = ShardFormat.of(65_537).header(7).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(20240801, wide.getInt());
    assertEquals(7, wide.getInt());
  }

  @Test
  void foldersAreKnownByNames() throws IOException {
    byte[] token = new byte[2];
    for (String name :
        List.of(
            "fineweb_train_000010.bin",
            "fineweb_train_000009.bin",
            "fineweb_val_000000.bin",
            "gpt2_124M.bin",
            "train.txt",
            "constrained.bin")) {
      file(name, token);
    }
    ShardFolder llmC = ShardFolder.of(folder);
    assertEquals(
        List.of("fineweb_train_000009.bin", "fineweb_train_000010.bin"), names(llmC.training()));
    assertEquals(List.of("fineweb_val_000000.bin"), names(llmC.validation()));
    assertEquals(List.of(), llmC.test());
    file("train-2.bin", token);
    file("train-10.bin", token);
    file("Test.bin", token);
    assertEquals(
        List.of("train-2.bin", "train-10.bin"),
        names(ShardFolder.of(folder).training().subList(2, 4)));
    assertEquals(List.of("Test.bin"), names(ShardFolder.of(folder).test()));
    Path empty = Files.createDirectory(folder.resolve("empty"));
    refused(
        "tokens: no shards to train on, got no .bin file in "
            + empty
            + "; make some with 'tandem tokenize', or name one file",
        () -> ShardFolder.of(empty));
    Files.write(empty.resolve("val.bin"), token);
    refused(
        "tokens: no shards to train on, got none with 'train' in its name in "
            + empty
            + "; make some with 'tandem tokenize', or name one file",
        () -> ShardFolder.of(empty));
    Path none = folder.resolve("none");
    refused(
        "tokens: no such folder, got " + none + "; 'tandem tokenize' makes one of a text",
        () -> ShardFolder.of(none));
  }

  private static List<String> names(List<Path> files) {
    return files.stream().map(file -> file.getFileName().toString()).toList();
  }
}
