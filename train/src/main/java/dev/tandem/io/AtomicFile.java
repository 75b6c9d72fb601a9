package dev.tandem.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes files whole or not at all: into a temporary file of the same folder, forced to the disk, then renamed over the
 * target. Whoever reads the target meets the old contents or the new, never a part; after a failure the old ones stand,
 * and the temporary file is gone.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /** Writes a file's contents, once, from the start of the channel. */
  @FunctionalInterface
  public interface Content {
    /** Writes the whole content. Throws IOException as the channel does; nothing is kept then. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Replaces the file by UTF-8 text. @throws FileException naming the file */
  public static void text(Path file, String text) {
    write(
        file,
        channel -> writeFully(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  /** Replaces the file. Parent folders must exist. @throws FileException naming the file */
  public static void write(Path file, Content content) {
    Path folder = file.toAbsolutePath().getParent();
    // Not Files.createTempFile: its files are private to their owner, and would stay so under their
    // final name.
    Path temporary =
        folder.resolve(
            "."
                + file.getFileName()
                + "."
                + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        // Before the rename: a file system may order them otherwise, and a crash then leaves an
        // empty file under the name.
        channel.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      remove(temporary, e);
      throw FileException.of("write", file, "cannot be written", e);
    } catch (RuntimeException | Error e) {
      remove(temporary, e);
      throw e;
    }
    forceFolder(folder);
  }

  /** Removes what writers of this file left beside it that were killed. Nobody may be writing it. @throws FileException naming it */
  public static void removeLeftovers(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    try (DirectoryStream<Path> left =
        Files.newDirectoryStream(folder, "." + file.getFileName() + ".*.tmp")) {
      for (Path temporary : left) {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw FileException.of("write", file, "cannot be tidied up", e);
    }
  }

  static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void remove(Path temporary, Throwable failure) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Makes the rename itself survive a power cut, where the system can open a folder; Windows cannot and need not. */
  private static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // The new contents are in place and forced; only their name might be the old one after a
      // power cut.
    }
  }
}
