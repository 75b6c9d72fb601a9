package dev.tandem.io;

import dev.tandem.shape.DType;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A message in protobuf's wire format (protobuf.dev/programming-guides/encoding), of the few kinds of fields that {@link Onnx} needs.
 * Weights are read from their tensors while the message is written, so a model needs no second copy of itself. Written here because
 * protobuf-java opens sun.misc.Unsafe, of which a JDK 25 warns on the user's terminal.
 */
final class Protobuf {
  private static final int VARINT = 0;
  private static final int DELIMITED = 2;
  private static final int FIXED32 = 5;
  private static final int LONGEST_VARINT = 10;
  private static final ValueLayout.OfFloat LITTLE =
      ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What a message consists of: bytes, nested messages (whose head stands before them), and elements of tensors. */
  private sealed interface Part {
    record Bytes(byte[] bytes) implements Part {}

    record Nested(Protobuf message) implements Part {}

    record Floats(Tensor tensor) implements Part {}
  }

  private final List<Part> parts = new ArrayList<>();
  private long size;

  /** How many bytes the message takes. */
  long size() {
    return size;
  }

  Protobuf integer(int field, long value) {
    return add(join(varint(tag(field, VARINT)), varint(value)));
  }

  Protobuf number(int field, float value) {
    ByteBuffer bits = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return add(join(varint(tag(field, FIXED32)), bits.putFloat(value).array()));
  }

  Protobuf text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  Protobuf bytes(int field, byte[] value) {
    return head(field, value.length).add(value);
  }

  /** Adds a message, which must be complete. */
  Protobuf message(int field, Protobuf value) {
    head(field, value.size);
    parts.add(new Part.Nested(value));
    size += value.size;
    return this;
  }

  /** Adds a tensor's elements as F32, little-endian. */
  Protobuf floats(int field, Tensor value) {
    long bytes = value.shape().elements() * Float.BYTES;
    head(field, bytes);
    parts.add(new Part.Floats(value));
    size += bytes;
    return this;
  }

  void writeTo(FileChannel channel) throws IOException {
    for (Part part : parts) {
      switch (part) {
        case Part.Bytes(byte[] bytes) -> AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes));
        case Part.Nested(Protobuf message) -> message.writeTo(channel);
        case Part.Floats(Tensor tensor) -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(LITTLE, elements(tensor));
            AtomicFile.writeFully(channel, bytes.asByteBuffer());
          }
        }
      }
    }
  }

  private static float[] elements(Tensor tensor) {
    if (tensor.dtype() == DType.F32) {
      return tensor.toFloats();
    }
    double[] wide = tensor.toDoubles();
    float[] elements = new float[wide.length];
    for (int i = 0; i < wide.length; i++) {
      elements[i] = (float) wide[i];
    }
    return elements;
  }

  private Protobuf head(int field, long length) {
    return add(join(varint(tag(field, DELIMITED)), varint(length)));
  }

  private Protobuf add(byte[] bytes) {
    parts.add(new Part.Bytes(bytes));
    size += bytes.length;
    return this;
  }

  private static long tag(int field, int kind) {
    return (long) field << 3 | kind;
  }

  /** Seven bits a byte, the lowest first; the eighth says that more follow. */
  private static byte[] varint(long value) {
    ByteBuffer bytes = ByteBuffer.allocate(LONGEST_VARINT);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    bytes.put((byte) rest);
    byte[] used = new byte[bytes.position()];
    bytes.flip().get(used);
    return used;
  }

  private static byte[] join(byte[] first, byte[] second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }
}
