package dev.tandem.train;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A file of records as TensorFlow's TFRecord frames them, each a message of protocol buffers: length (8 bytes), its checksum (4), the
 * message, its checksum (4), all little-endian. The frame is described in tensorflow/core/lib/io/record_writer.h, the messages in
 * tensorflow/core/util/event.proto and framework/summary.proto. Written by hand, in a page: protobuf-java works by sun.misc.Unsafe,
 * of which JDK 24 and newer warn on every start.
 */
final class EventFile implements Closeable {
  private static final int CRC_MASK = 0xa282ead8;

  private final FileChannel channel;

  /** Makes the file. */
  EventFile(Path file) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Appends a record. */
  void write(Message message) throws IOException {
    byte[] data = message.bytes();
    ByteBuffer record = ByteBuffer.allocate(data.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(masked(record.array(), 8));
    record.put(data).putInt(masked(data, data.length)).flip();
    while (record.hasRemaining()) {
      channel.write(record);
    }
  }

  /** CRC-32C turned and shifted: checksums of data that hold checksums are weak. */
  static int masked(byte[] data, int length) {
    CRC32C crc = new CRC32C();
    crc.update(data, 0, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** A message of protocol buffers, field by field: https://protobuf.dev/programming-guides/encoding/ */
  static final class Message {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int DELIMITED = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message number(int field, long value) {
      tag(field, VARINT);
      varint(value);
      return this;
    }

    Message real(int field, double value) {
      tag(field, FIXED64);
      little(Double.doubleToLongBits(value), Double.BYTES);
      return this;
    }

    Message real(int field, float value) {
      tag(field, FIXED32);
      little(Integer.toUnsignedLong(Float.floatToIntBits(value)), Float.BYTES);
      return this;
    }

    /** A repeated field, packed. */
    Message reals(int field, double[] values) {
      Message packed = new Message();
      for (double value : values) {
        packed.little(Double.doubleToLongBits(value), Double.BYTES);
      }
      return message(field, packed);
    }

    Message text(int field, String value) {
      return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message value) {
      return bytes(field, value.bytes());
    }

    private Message bytes(int field, byte[] value) {
      tag(field, DELIMITED);
      varint(value.length);
      out.writeBytes(value);
      return this;
    }

    private byte[] bytes() {
      return out.toByteArray();
    }

    private void tag(int field, int type) {
      varint((long) field << 3 | type);
    }

    private void varint(long value) {
      long rest = value;
      while ((rest & ~0x7fL) != 0) {
        out.write((int) (rest & 0x7f | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }

    private void little(long bits, int bytes) {
      for (int i = 0; i < bytes; i++) {
        out.write((int) (bits >>> 8 * i));
      }
    }
  }
}
