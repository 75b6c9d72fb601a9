package dev.tandem.readme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows compiles, runs and learns, as it stands there. */
class ReadmeTest {
  private static final int LINES = 30;

  @TempDir Path folder;

  @Test
  void theProgramIsShort() {
    long lines = Readme.program().lines().count();
    assertTrue(lines <= LINES, lines + " lines");
  }

  /** Seeds 1 to 10 gave 95.3 % to 96.7 %. */
  @Test
  void theProgramLearns() throws Exception {
    Child run = run("cpu");
    assertEquals(0, run.exit(), run.errors());
    Matcher accuracy = Pattern.compile("test accuracy (0\\.\\d+)").matcher(run.output());
    assertTrue(accuracy.find(), run.output());
    assertTrue(Double.parseDouble(accuracy.group(1)) > 0.94, run.output());
  }

  @Test
  void theProgramSaysWhatItCannotOpen() throws Exception {
    Child run = run("gpu");
    assertEquals(1, run.exit());
    assertTrue(
        run.errors().contains("backend: no such kind, got 'gpu'; use auto, cuda, cpu"),
        run.errors());
  }

  private Child run(String device) throws Exception {
    Files.writeString(folder.resolve("FirstModel.java"), Readme.program());
    return Child.java(folder, System.getProperty("java.class.path"), "FirstModel.java", device);
  }

  @Test
  void everyExampleThatTheReadmeNamesExists() {
    Matcher named = Pattern.compile("examples/[\\w-]+\\.\\w+").matcher(Readme.read("README.md"));
    int count = 0;
    while (named.find()) {
      assertTrue(Files.exists(Readme.root().resolve(named.group())), named.group());
      count++;
    }
    assertTrue(count > 0, "the README names no example");
  }
}
