package dev.tandem.cuda.driver;

import dev.tandem.backend.Flag;
import java.util.Optional;

/**
 * What a user asked of cuBLAS: a binding, a library, both or nothing. Written {@code jcublas}, {@code ffm}, a path, or both
 * with a colon between: {@code ffm:/opt/cuda}. A file called ffm is {@code ./ffm}.
 *
 * @param path a file or a folder
 */
record CublasChoice(Optional<Binding> binding, Optional<String> path) {
  /** How Java calls cuBLAS. */
  enum Binding {
    JCUBLAS("jcublas"),
    FFM("ffm");

    private final String word;

    Binding(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }

  /** What was configured, or else what {@link Flag#CUBLAS} says. */
  static CublasChoice of(String configured) {
    return parse(configured == null ? Flag.CUBLAS.value().orElse("") : configured);
  }

  static CublasChoice parse(String text) {
    String stripped = text.strip();
    for (Binding binding : Binding.values()) {
      if (stripped.equals(binding.word)) {
        return new CublasChoice(Optional.of(binding), Optional.empty());
      }
      if (stripped.startsWith(binding.word + ":")) {
        String path = stripped.substring(binding.word.length() + 1);
        return new CublasChoice(Optional.of(binding), present(path));
      }
    }
    return new CublasChoice(Optional.empty(), present(stripped));
  }

  private static Optional<String> present(String path) {
    return path.isBlank() ? Optional.empty() : Optional.of(path.strip());
  }

  boolean allows(Binding other) {
    return binding.isEmpty() || binding.get() == other;
  }
}
