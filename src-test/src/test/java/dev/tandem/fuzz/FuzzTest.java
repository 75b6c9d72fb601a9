package dev.tandem.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever is in a file, its parser reads it or refuses it in a sentence: it does not hang, nor take memory that the file does not
 * account for, nor fail in another way. Each build reads the files of {@code resources/fuzz}, seeds and what once broke a parser, and a
 * fixed number of their mutations. For longer: {@code -Dtandem.fuzz.cases=100000 -Dtandem.fuzz.seed=7}.
 */
final class FuzzTest {
  private static final int CASES = Integer.getInteger("tandem.fuzz.cases", 400);
  private static final long SEED = Long.getLong("tandem.fuzz.seed", 1);
  private static final long MOST_SECONDS = 10;

  /** What any file may take, and how much more each of its bytes: gzip makes at most 1032 of one, and CSV keeps text and number. */
  private static final long MOST_BYTES = 32L << 20;

  private static final long MOST_PER_BYTE = 4000;

  private static final ThreadMXBean MEMORY = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void anyFileIsReadOrRefusedInASentence(Parsers parser) throws IOException {
    List<byte[]> seeds = seeds(parser);
    // Not closed, which would wait for a parser that hangs.
    ExecutorService worker = Executors.newSingleThreadExecutor(FuzzTest::daemon);
    try {
      for (int i = 0; i < seeds.size(); i++) {
        read(worker, parser, seeds.get(i), "seed " + i);
      }
      for (int i = 0; i < CASES; i++) {
        SplittableRandom random = new SplittableRandom(SEED * 1_000_003 + i);
        byte[] seed = seeds.get(random.nextInt(seeds.size()));
        byte[] other = seeds.get(random.nextInt(seeds.size()));
        read(
            worker,
            parser,
            new Mutation(random, parser.words).of(seed, other),
            "mutation " + i + " of tandem.fuzz.seed=" + SEED);
      }
    } finally {
      worker.shutdownNow();
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "fuzz");
    thread.setDaemon(true); // a parser that hangs must not keep the build
    return thread;
  }

  private void read(ExecutorService worker, Parsers parser, byte[] bytes, String what)
      throws IOException {
    Path file = folder.resolve("case");
    // A file that is mapped must not change, so each has its own.
    Files.deleteIfExists(file);
    Files.write(file, bytes);
    try {
      long taken = worker.submit(() -> taken(parser, file)).get(MOST_SECONDS, TimeUnit.SECONDS);
      if (taken > MOST_BYTES + MOST_PER_BYTE * bytes.length) {
        broken(parser, bytes, what, "took " + taken + " bytes for " + bytes.length, null);
      }
    } catch (TimeoutException e) {
      broken(parser, bytes, what, "took longer than " + MOST_SECONDS + " s", e);
    } catch (ExecutionException e) {
      broken(parser, bytes, what, "failed with " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What reading a file allocated. */
  private static long taken(Parsers parser, Path file) throws IOException {
    long before = MEMORY.getCurrentThreadAllocatedBytes();
    try {
      parser.read(file);
    } catch (RuntimeException e) {
      if (!Parsers.refusal(e)) {
        throw e;
      }
    }
    return MEMORY.getCurrentThreadAllocatedBytes() - before;
  }

  private static void broken(Parsers parser, byte[] bytes, String what, String how, Throwable cause)
      throws IOException {
    Path kept = Files.createDirectories(Path.of("target", "fuzz", parser.folder));
    Path file = kept.resolve("broke-" + Integer.toHexString(Arrays.hashCode(bytes)));
    Files.write(file, bytes);
    fail(
        parser.folder
            + ", "
            + what
            + ": "
            + how
            + "; the file is "
            + file.toAbsolutePath()
            + ": mend it, and keep the file with the seeds",
        cause);
  }

  private static List<byte[]> seeds(Parsers parser) {
    List<byte[]> seeds = new ArrayList<>();
    try (Stream<Path> files =
        Files.list(Path.of(FuzzTest.class.getResource("/fuzz/" + parser.folder).toURI()))) {
      for (Path file : files.sorted().toList()) {
        seeds.add(Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
    assertFalse(seeds.isEmpty(), parser.folder + " has no seeds");
    return seeds;
  }
}
