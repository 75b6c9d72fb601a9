package dev.tandem.nn;

import java.util.Locale;

/** The names of losses, made once from those of their records: squared_error of SquaredError. */
final class LossNames {
  private static final ClassValue<String> NAMES =
      new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> loss) {
          return loss.getSimpleName()
              .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_")
              .toLowerCase(Locale.ROOT);
        }
      };

  private LossNames() {}

  static String of(Class<? extends LossFunction> loss) {
    return NAMES.get(loss);
  }
}
