package dev.tandem.io;

import dev.tandem.shape.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The element types of the safetensors format. */
final class DTypes {
  /**
   * Ours, in the order in which the format's own writer lays tensors out: largest first, so that every tensor of a file
   * whose data are aligned is aligned itself.
   */
  private static final List<DType> LAYOUT =
      List.of(DType.F64, DType.F32, DType.I32, DType.BF16, DType.F16, DType.U8);

  /** Bytes an element takes, of types that Tandem only passes over. Types of less than a byte are not among them. */
  private static final Map<String, Integer> FOREIGN =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("I8", 1),
          Map.entry("F8_E5M2", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("F8_E8M0", 1),
          Map.entry("I16", 2),
          Map.entry("U16", 2),
          Map.entry("U32", 4),
          Map.entry("I64", 8),
          Map.entry("U64", 8),
          Map.entry("C64", 8));

  private DTypes() {}

  /** Tandem's type of this name, which is the format's too. */
  static Optional<DType> ours(String name) {
    return Arrays.stream(DType.values()).filter(dtype -> dtype.name().equals(name)).findFirst();
  }

  /** Bytes an element takes; empty where the format does not know the name. */
  static OptionalInt bytes(String name) {
    Integer foreign = FOREIGN.get(name);
    return foreign != null
        ? OptionalInt.of(foreign)
        : ours(name).map(dtype -> OptionalInt.of(dtype.bytes())).orElse(OptionalInt.empty());
  }

  static int layout(DType dtype) {
    return LAYOUT.indexOf(dtype);
  }
}
