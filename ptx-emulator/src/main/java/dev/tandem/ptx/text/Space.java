package dev.tandem.ptx.text;

import java.util.Locale;
import java.util.Optional;

/** State spaces, section 5.1 of the PTX ISA. */
public enum Space {
  /** No space named: the address says by its window which one it means. */
  GENERIC,
  REG,
  CONST,
  GLOBAL,
  LOCAL,
  /** A kernel's parameters; inside a device function and around a call, its arguments and results. */
  PARAM,
  SHARED;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** The space of a modifier, {@code "global"} or {@code "shared::cta"}; empty when the word is not a space. */
  public static Optional<Space> of(String word) {
    String plain = word.contains("::") ? word.substring(0, word.indexOf("::")) : word;
    for (Space space : values()) {
      if (space != GENERIC && space.word.equals(plain)) {
        return Optional.of(space);
      }
    }
    return Optional.empty();
  }
}
