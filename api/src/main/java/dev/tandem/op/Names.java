package dev.tandem.op;

import java.util.Locale;

/** Turns a record's name into the name used in messages and kernels. */
final class Names {
  private static final ClassValue<String> NAMES =
      new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> type) {
          return type.getSimpleName()
              .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_")
              .toLowerCase(Locale.ROOT);
        }
      };

  private Names() {}

  static String of(Class<?> type) {
    return NAMES.get(type);
  }
}
