package dev.tandem.io;

import dev.tandem.op.Update;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;

/** A safetensors file, mapped into memory: tensors are read from it as they are looked at. For one thread. */
public final class SafeTensorsFile implements AutoCloseable {
  private static final int PREFIX = Long.BYTES;
  private static final int MOST_LISTED = 4;
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final Arena arena;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;

  private SafeTensorsFile(
      Path path, Arena arena, Map<String, Entry> entries, Map<String, String> metadata) {
    this.path = path;
    this.arena = arena;
    this.entries = Collections.unmodifiableMap(entries);
    this.metadata = Collections.unmodifiableMap(metadata);
  }

  static SafeTensorsFile open(Path path) {
    SafeTensors.requireLittleEndian();
    if (Files.isDirectory(path)) {
      throw new FileException(
          "safetensors: a folder where a file should be, got " + path + "; name the file in it");
    }
    Arena arena = Arena.ofConfined();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return read(
          path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (IOException e) {
      arena.close();
      throw FileException.of("safetensors", path, "cannot be read", e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static SafeTensorsFile read(Path path, Arena arena, MemorySegment file) {
    if (file.byteSize() < PREFIX) {
      throw new FileException(
          "safetensors: "
              + path
              + " is too short for the format, got "
              + file.byteSize()
              + " bytes; give a safetensors file");
    }
    long length = file.get(LENGTH, 0);
    // The length is unsigned: one that is negative here is larger than any limit.
    if (length < 0 || length > Header.LONGEST || length > file.byteSize() - PREFIX) {
      throw new FileException(
          "safetensors: "
              + path
              + " has a header that cannot be, got a length of "
              + Long.toUnsignedString(length)
              + " in a file of "
              + file.byteSize()
              + " bytes; it is cut off, or no safetensors file");
    }
    byte[] json = file.asSlice(PREFIX, length).toArray(ValueLayout.JAVA_BYTE);
    MemorySegment data = file.asSlice(PREFIX + length);
    Header header = Header.parse(path, json, data.byteSize());
    verify(path, json, data, header.metadata().get(Checksum.KEY));
    Map<String, Entry> entries = new LinkedHashMap<>();
    header
        .places()
        .forEach((name, place) ->
            entries.put(
                name,
                new Entry(
                    place.dtype(),
                    place.shape(),
                    data.asSlice(place.start(), place.end() - place.start()))));
    return new SafeTensorsFile(path, arena, entries, header.metadata());
  }

  /** @param written the file's checksum; null in files without one */
  private static void verify(Path path, byte[] json, MemorySegment data, String written) {
    if (written != null) {
      Checksum sum = new Checksum(json);
      sum.add(data);
      if (!sum.text().equals(written)) {
        throw new FileException(
            "safetensors: "
                + path
                + " is damaged, got a checksum of "
                + sum.text()
                + " where it says "
                + Header.quoted(written)
                + "; go back to an older file, or copy it anew");
      }
    }
  }

  /** The tensors by name, in the order of the header. Their bytes are there until the file is closed. */
  public Map<String, Entry> entries() {
    return entries;
  }

  /** Text about the file as a whole; empty where it has none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Overwrites the given tensors by those of the file. Names, element types and shapes must be exactly the file's; where
   * they are not nothing is written. @throws FileException listing what differs
   */
  public void copyInto(Map<String, Tensor> tensors) {
    copyInto(tensors, _ -> true);
  }

  /** As {@link #copyInto(Map)}, with the file's other tensors left aside. */
  public void copyInto(Map<String, Tensor> tensors, Predicate<String> names) {
    requireFits(differences(tensors, names, SafeTensorsFile::same));
    tensors.forEach((name, tensor) -> tensor.write(entries.get(name).bytes()));
  }

  /**
   * As {@link #copyInto(Map)}, but that floating-point numbers of any type are rounded to the type of the tensor that they go
   * into.
   */
  public void roundInto(Map<String, Tensor> tensors) {
    requireFits(
        differences(
            tensors,
            _ -> true,
            (entry, type) ->
                same(entry, type)
                    || entry.known()
                        && entry.type().dtype().floating()
                        && type.dtype().floating()
                        && entry.shape().equals(type.shape())));
    tensors.forEach((name, tensor) -> {
      try (Scope _ = Scope.open();
          Tape.Pause _ = Tape.noGrad()) {
        Entry entry = entries.get(name);
        if (same(entry, tensor.type())) {
          tensor.write(entry.bytes());
        } else {
          Tensor read = Tensor.of(tensor.backend(), entry.type(), entry.bytes());
          Tensor.update(new Update.Assign(), tensor, read.cast(tensor.dtype()));
        }
      }
    });
  }

  private void requireFits(List<String> differences) {
    if (!differences.isEmpty()) {
      throw new FileException(
          "load: "
              + path
              + " does not fit, got "
              + String.join("; ", differences)
              + "; use the config that the file was written with");
    }
  }

  private List<String> differences(
      Map<String, Tensor> tensors,
      Predicate<String> names,
      BiPredicate<Entry, TensorType> fitting) {
    List<String> missing =
        tensors.keySet().stream().filter(name -> !entries.containsKey(name)).toList();
    List<String> unexpected =
        entries.keySet().stream()
            .filter(name -> names.test(name) && !tensors.containsKey(name))
            .toList();
    List<String> other =
        tensors.keySet().stream()
            .filter(name -> entries.containsKey(name))
            .filter(name -> !fitting.test(entries.get(name), tensors.get(name).type()))
            .toList();
    List<String> differences = new ArrayList<>();
    list(differences, "no tensor ", missing, Header::quoted);
    list(differences, "unexpected ", unexpected, Header::quoted);
    list(
        differences,
        "",
        other,
        name ->
            Header.quoted(name)
                + " as "
                + entries.get(name)
                + " where "
                + tensors.get(name).type()
                + " is needed");
    return differences;
  }

  private static boolean same(Entry entry, TensorType type) {
    return entry.known() && entry.type().equals(type);
  }

  private static void list(
      List<String> into, String what, List<String> names, Function<String, String> word) {
    if (!names.isEmpty()) {
      String listed = String.join(", ", names.stream().limit(MOST_LISTED).map(word).toList());
      into.add(
          what
              + listed
              + (names.size() > MOST_LISTED
                  ? " and " + (names.size() - MOST_LISTED) + " more like that"
                  : ""));
    }
  }

  /** Gives the mapping back. Entries' bytes may not be looked at after this. */
  @Override
  public void close() {
    arena.close();
  }
}
