package dev.tandem.io;

import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Tensors in files, in the safetensors format (Hugging Face, github.com/huggingface/safetensors, "Format"): a header's
 * length as 8 bytes little-endian, the header as JSON, then the elements, little-endian and row-major. What is written is
 * byte for byte what the format's own library writes for the same tensors, so that the same weights give the same file.
 */
public final class SafeTensors {
  /** The largest piece that is handed to the file system at once; a ByteBuffer ends at 2 GiB. */
  private static final long PIECE = 1L << 28;

  private SafeTensors() {}

  /** A tensor to be written: its type, and how to copy its elements to the host. */
  record Source(TensorType type, Consumer<MemorySegment> elements) {}

  /**
   * Replaces the file whole, or leaves it as it was.
   *
   * @param metadata text about all of them, written sorted by key
   * @throws FileException naming the file
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    Map<String, Source> sources = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> sources.put(name, new Source(tensor.type(), tensor::read)));
    writeSources(file, sources, metadata);
  }

  /**
   * As {@link #write}, with a checksum in the metadata that tells a damaged file from a sound one when it is read. Other readers of
   * the format take it for a text like others.
   */
  public static void writeChecked(
      Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    Map<String, String> checked = new TreeMap<>(metadata);
    checked.put(Checksum.KEY, Checksum.NONE);
    write(file, tensors, checked);
  }

  static void writeSources(Path file, Map<String, Source> tensors, Map<String, String> metadata) {
    requireLittleEndian();
    Map<String, TensorType> types = new LinkedHashMap<>();
    tensors.forEach((name, source) -> types.put(name, source.type()));
    Header header = Header.of(types, new TreeMap<>(metadata));
    byte[] json = header.json();
    if (json.length > Header.LONGEST) {
      throw new FileException(
          "safetensors: the header of "
              + file
              + " would be too long, got "
              + json.length
              + " bytes; shorten the metadata, "
              + Header.LONGEST
              + " is the most");
    }
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer head =
              ByteBuffer.allocate(Long.BYTES + json.length).order(ByteOrder.LITTLE_ENDIAN);
          AtomicFile.writeFully(channel, head.putLong(json.length).put(json).flip());
          Checksum sum = new Checksum(json);
          for (String name : header.places().keySet()) {
            write(channel, tensors.get(name), sum);
          }
          if (metadata.containsKey(Checksum.KEY)) {
            // Only now is it known. A reader sees the file when it is whole, for it has no name
            // yet.
            sum.enter(json);
            channel.position(Long.BYTES);
            AtomicFile.writeFully(channel, ByteBuffer.wrap(json));
          }
        });
  }

  private static void write(FileChannel channel, Source source, Checksum sum) throws IOException {
    // Tensor by tensor: a model needs no second copy of itself on the host to be written.
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment elements = arena.allocate(source.type().bytes(), Header.ALIGNMENT);
      source.elements().accept(elements);
      for (long from = 0; from < elements.byteSize(); from += PIECE) {
        long length = Math.min(PIECE, elements.byteSize() - from);
        sum.add(elements.asSlice(from, length));
        AtomicFile.writeFully(channel, elements.asSlice(from, length).asByteBuffer());
      }
    }
  }

  /** Opens a file for reading. @throws FileException naming the file and what is wrong with it */
  public static SafeTensorsFile open(Path file) {
    return SafeTensorsFile.open(file);
  }

  /**
   * Overwrites the given tensors by those of the file; see {@link SafeTensorsFile#copyInto}. Returns the metadata.
   *
   * @throws FileException naming the file, and what is wrong with it or does not fit
   */
  public static Map<String, String> load(Path file, Map<String, Tensor> into) {
    try (SafeTensorsFile opened = open(file)) {
      opened.copyInto(into);
      return new LinkedHashMap<>(opened.metadata());
    }
  }

  /** Elements are copied as they are, and a swap that no machine here could test would be a guess. */
  static void requireLittleEndian() {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new FileException(
          "safetensors: the format is little-endian, got a machine that is "
              + ByteOrder.nativeOrder()
              + "; convert files on another machine");
    }
  }
}
