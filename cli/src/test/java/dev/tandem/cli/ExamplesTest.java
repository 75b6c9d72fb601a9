package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cli.config.LoadedConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The configs that the README runs. */
class ExamplesTest extends CommandTest {
  private static final Path EXAMPLES =
      Stream.of("../examples", "examples")
          .map(Path::of)
          .filter(Files::isDirectory)
          .findFirst()
          .orElseThrow();

  static List<Path> configs() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void everyKeyIsOneThatThereIs(Path config) {
    Optional<Path> data =
        config.endsWith("gpt-char.yaml") ? Optional.of(Path.of("a.txt")) : Optional.empty();
    assertTrue(LoadedConfig.read(config, List.of(), data).config().training().epochs() > 0);
  }

  /** Seeds 1 to 5 gave 98.6 % to 99.4 %. */
  @Test
  void theMainJobLearnsTheDigits() {
    Result result = train(EXAMPLES.resolve("digits.yaml"), "--backend", "cpu").expect(0);
    Matcher accuracy =
        Pattern.compile("test accuracy (\\d+\\.\\d) % \\(\\d+ of 359\\).*")
            .matcher(result.lastLine());
    assertTrue(accuracy.matches(), result.lastLine());
    assertTrue(Double.parseDouble(accuracy.group(1)) >= 98, result.lastLine());
  }
}
