package dev.tandem.data;

import dev.tandem.io.FileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Tokens that wait in a temporary file until it is known how many there are. The file is removed when this
 * is closed, and when the process ends before.
 */
final class Spool implements AutoCloseable {
  private static final int BUFFER = 1 << 20;

  private final Path file;
  private final FileChannel channel;
  private final ShardFormat format;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
  private long size;

  private Spool(Path file, FileChannel channel, ShardFormat format) {
    this.file = file;
    this.channel = channel;
    this.format = format;
  }

  /** An empty one, on the disk where the tokens are to be in the end. */
  static Spool in(Path folder, ShardFormat format) {
    try {
      Path file = Files.createTempFile(folder, ".tokens.", ".tmp");
      file.toFile().deleteOnExit();
      return new Spool(
          file, FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE), format);
    } catch (IOException e) {
      throw FileException.of("tokenize", folder, "cannot be written", e);
    }
  }

  ShardFormat format() {
    return format;
  }

  /** How many tokens there are. */
  long size() {
    return size;
  }

  void add(int[] tokens) {
    for (int token : tokens) {
      if (buffer.remaining() < format.width()) {
        flush();
      }
      switch (format) {
        case UINT16 -> buffer.putShort((short) token);
        case UINT32 -> buffer.putInt(token);
      }
    }
    size += tokens.length;
  }

  /** Writes the count tokens from a place on, as they will be in a shard. */
  void copy(long from, long count, FileChannel to) throws IOException {
    flush();
    long at = from * format.width();
    long left = count * format.width();
    while (left > 0) {
      long moved = channel.transferTo(at, left, to);
      if (moved <= 0) {
        throw new IOException("the temporary file " + file + " was cut off by another process");
      }
      at += moved;
      left -= moved;
    }
  }

  private void flush() {
    buffer.flip();
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw FileException.of("tokenize", file, "cannot be written", e);
    }
    buffer.clear();
  }

  @Override
  public void close() {
    try (channel) {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw FileException.of("tokenize", file, "cannot be removed", e);
    }
  }
}
