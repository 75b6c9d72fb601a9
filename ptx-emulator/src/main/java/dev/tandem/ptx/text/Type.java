package dev.tandem.ptx.text;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The types of PTX, section 5.2 of the PTX ISA. {@code B} types are bits of no meaning. */
public enum Type {
  PRED(1),
  B8(8),
  U8(8),
  S8(8),
  B16(16),
  U16(16),
  S16(16),
  F16(16),
  BF16(16),
  B32(32),
  U32(32),
  S32(32),
  F32(32),
  TF32(32),
  F16X2(32),
  BF16X2(32),
  U16X2(32),
  S16X2(32),
  B64(64),
  U64(64),
  S64(64),
  F64(64),
  F32X2(64),
  B128(128);

  private static final Map<String, Type> BY_WORD =
      Stream.of(values()).collect(Collectors.toMap(Type::word, type -> type));

  private final int bits;
  private final String word;

  Type(int bits) {
    this.bits = bits;
    this.word = name().toLowerCase(Locale.ROOT);
  }

  /** The type of a modifier, {@code "f32"}; empty when the word is not a type. */
  public static Optional<Type> of(String word) {
    return Optional.ofNullable(BY_WORD.get(word));
  }

  /** As PTX writes it, without the dot. */
  public String word() {
    return word;
  }

  public int bits() {
    return bits;
  }

  /** Bytes in memory. */
  public int bytes() {
    return (bits + 7) / 8;
  }

  /** Whether an integer of this type has a sign. */
  public boolean signed() {
    return this == S8 || this == S16 || this == S32 || this == S64 || this == S16X2;
  }

  public boolean floating() {
    return switch (this) {
      case F16, BF16, F32, TF32, F16X2, BF16X2, F64, F32X2 -> true;
      default -> false;
    };
  }
}
