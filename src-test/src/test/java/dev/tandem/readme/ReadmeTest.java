package dev.tandem.readme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the README shows is what compiles and runs here. */
class ReadmeTest {
  private static final Path ROOT = root();

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("README.md"))) {
      folder = folder.getParent();
    }
    return folder;
  }

  @Test
  void theProgramOfTheReadmeIsThisOne() throws IOException {
    String source =
        Files.readString(ROOT.resolve("src-test/src/test/java/dev/tandem/readme/FirstModel.java"));
    String shown = between(source, "// README begin\n", "// README end");
    String readme = between(Files.readString(ROOT.resolve("README.md")), "```java\n", "```");
    assertEquals(shown, readme);
  }

  private static String between(String text, String begin, String end) {
    int from = text.indexOf(begin) + begin.length();
    return text.substring(from, text.indexOf(end, from));
  }

  /** Seeds 1 to 10 gave 95.3 % to 96.7 %. */
  @Test
  void theProgramOfTheReadmeLearns() {
    double accuracy = FirstModel.testAccuracy("cpu");
    assertTrue(accuracy > 0.94, "test accuracy " + accuracy);
  }

  @Test
  void everyExampleThatTheReadmeNamesExists() throws IOException {
    Matcher named =
        Pattern.compile("examples/[\\w-]+\\.\\w+")
            .matcher(Files.readString(ROOT.resolve("README.md")));
    int count = 0;
    while (named.find()) {
      assertTrue(Files.exists(ROOT.resolve(named.group())), named.group());
      count++;
    }
    assertTrue(count > 0, "the README names no example");
  }
}
