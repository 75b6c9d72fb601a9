package dev.tandem.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir Path folder;

  @Test
  void replacesTheContents() throws IOException {
    Path file = folder.resolve("notes.txt");
    AtomicFile.text(file, "ein längerer Anfang\n");
    AtomicFile.text(file, "kurz\n");
    assertEquals("kurz\n", Files.readString(file));
    assertOnly(file);
  }

  @Test
  void aBareNameIsAFileInTheWorkingFolder() throws IOException {
    Path file = Path.of("tandem-atomic-file-test.tmp");
    try {
      AtomicFile.text(file, "x");
      assertEquals("x", Files.readString(file));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  @Test
  void aFailureLeavesTheOldContentsAndNothingElse() throws IOException {
    Path file = folder.resolve("notes.txt");
    AtomicFile.text(file, "old");
    FileException full =
        assertThrows(
            FileException.class,
            () ->
                AtomicFile.write(
                    file,
                    channel -> {
                      channel.write(ByteBuffer.wrap(new byte[100]));
                      throw new IOException("No space left on device");
                    }));
    assertEquals(
        "write: " + file + " cannot be written, got No space left on device; check disk and path",
        full.getMessage());
    assertThrows(
        OutOfMemoryError.class,
        () ->
            AtomicFile.write(
                file,
                _ -> {
                  throw new OutOfMemoryError("no more");
                }));
    assertEquals("old", Files.readString(file));
    assertOnly(file);
  }

  @Test
  void namesAFolderThatIsNotThere() {
    Path file = folder.resolve("missing").resolve("notes.txt");
    FileException refused = assertThrows(FileException.class, () -> AtomicFile.text(file, "x"));
    SafeTensorsTest.assertSentence(refused);
    assertTrue(
        refused
            .getMessage()
            .startsWith("write: " + file + " cannot be written, got no such file or folder"),
        refused.getMessage());
  }

  @Test
  void aFolderIsNotReplaced() throws IOException {
    Path target = Files.createDirectory(folder.resolve("taken"));
    FileException refused = assertThrows(FileException.class, () -> AtomicFile.text(target, "x"));
    SafeTensorsTest.assertSentence(refused);
    assertTrue(Files.isDirectory(target));
    assertOnly(target);
  }

  private void assertOnly(Path file) throws IOException {
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(file), left.toList());
    }
  }
}
